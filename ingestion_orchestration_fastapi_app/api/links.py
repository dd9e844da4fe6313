"""Which operations are asked for what another one answered."""

from __future__ import annotations

from utils.web.openapi import links

_ABOUT_A_JOB = (
    "get_job",
    "get_ingest_status",
    "get_job_log",
    "get_job_report",
    "follow_job",
    "list_job_failures",
    "pause_job",
    "resume_job",
    "cancel_job",
    "retry_failed",
)
_ABOUT_AN_IMAGE = (
    "get_image",
    "get_thumbnail",
    "get_preview",
    "get_file",
    "find_similar_images",
    "get_image_vector",
)

OF_NEW_JOB = links(*_ABOUT_A_JOB, job_id="/job_id")
OF_JOBS = links(*_ABOUT_A_JOB, job_id="/jobs/0/job_id")
OF_IMAGES = links(*_ABOUT_AN_IMAGE, image_id="/images/0/id", collection="/collection")
OF_RESULTS = links(*_ABOUT_AN_IMAGE, image_id="/results/0/id", collection="/collection")
OF_NEW_ALBUM = links("get_album", "list_album_images", "delete_album", album_id="/id")
OF_ALBUMS = links("get_album", "list_album_images", album_id="/albums/0/id")
OF_GENERATIONS = links(
    "activate_generation",
    "remove_generation",
    name="/collection",
    generation_id="/generations/0/id",
)
OF_NEW_COLLECTION = links("get_collection", "delete_collection", "list_generations", name="/name")
OF_EXPORTS = links("get_export", "get_export_file", export_id="/exports/0/id")
