"""Every warning in English, with gaps for its parameters."""

from __future__ import annotations

from collections.abc import Mapping

from utils.contract.warnings.codes import WarningCode

SENTENCES: Mapping[WarningCode, str] = {
    WarningCode.MODEL_UNTRAINED: "the model is untrained: searches will find nothing meaningful",
    WarningCode.MODEL_TINY: (
        "the model tiny-shapes knows drawn, coloured shapes and nothing of photos: searches "
        "of photos find nothing meaningful. For photos start with another CLIP_MODEL, and "
        "import them into another collection"
    ),
    WarningCode.QUERY_CUT_OFF: (
        "the query is longer than the model reads: its end was cut off and does not count"
    ),
    WarningCode.SORTED_WITHOUT_CUT: (
        "the best 10,000 were sorted, however little they fit: min_score or min_relevance cuts them"
    ),
    WarningCode.RELEVANCE_UNKNOWN: (
        "min_relevance was not applied: how relevant hits are is not known of this "
        "collection. It is found out soon after an import of at least 50 images"
    ),
    WarningCode.SCORES_OF_ANOTHER_MODEL: (
        "min_score was set when another model answered, whose scores are others: look "
        "whether it fits"
    ),
    WarningCode.WORDS_NOT_ANSWERING: (
        "the words do not answer now: the pictures were found by meaning alone"
    ),
    WarningCode.WORDS_INCOMPLETE: (
        "the words of some pictures are still being gathered: those are found by meaning alone"
    ),
    WarningCode.DATE_DROPPED: 'no picture was taken then: "{words}" was dropped',
    WarningCode.PLACE_DROPPED: 'no picture was taken there: "{words}" was dropped',
    WarningCode.COLLECTION_EMPTY: "the collection is empty",
    WarningCode.CATALOGUE_INCOMPLETE: (
        "the catalogue of this collection is still being filled, as after an update: "
        "pictures may be missing here, but not in searches"
    ),
    WarningCode.FOLDER_UNLISTED: "cannot list {folder}: {reason}",
    WarningCode.FOLDER_EXCLUDED: "{folder} is excluded from the collection, and was passed over",
    WarningCode.FILES_NOT_THERE: "not there as a file any more: {paths}",
    WarningCode.FILES_NOT_THERE_AND_MORE: (
        "not there as a file any more: {paths} and {count:,} more"
    ),
    WarningCode.LINKS_REPLACED: (
        "a link took the place of what was imported: {paths}; links are not followed: sync "
        "removes what was there, and to go on with it import the folder that the link leads "
        "to"
    ),
    WarningCode.LINKS_REPLACED_AND_MORE: (
        "a link took the place of what was imported: {paths} and {count:,} more; links are "
        "not followed: sync removes what was there, and to go on with it import the folder "
        "that the link leads to"
    ),
    WarningCode.FILES_AWAY: "files on a disk that is away, or may not be read, were left out",
    WarningCode.SYNC_OF_FILES: (
        "sync removes nothing where only files are named: no folder was listed"
    ),
    WarningCode.SYNC_NOT_RECURSIVE: (
        "sync removes nothing without recursive: what lies below was not looked at"
    ),
    WarningCode.SYNC_WOULD_STOP: "sync would stop: {reason}",
    WarningCode.OTHER_FILE_SYSTEM: (
        "nothing is removed below {folder}: it was on another file system; if it is meant to "
        "be gone, use confirm_deletes"
    ),
    WarningCode.ROOT_ON_OTHER_FILE_SYSTEM: (
        "nothing is removed below {folder}: it was on another file system; if it is meant to "
        "be gone, use photoseek roots forget {collection} DIR"
    ),
    WarningCode.TRASH_TOO_SMALL: (
        "of {count:,} removed images {kept:,} can be brought back: TRASH_BYTES is {trash_bytes:,}"
    ),
    WarningCode.SERVICE_OF_ANOTHER_MODEL: (
        "ERR_MODEL_MISMATCH: {service} runs {model} ({fingerprint}) and is not used: the "
        "collection was made by {wanted}"
    ),
    WarningCode.SERVICE_REFUSED: "ERR_MODEL_MISMATCH: {service}: {reason}",
    WarningCode.NO_CAPTIONER: (
        "images are stored without a caption, which `photoseek caption` makes up for: the "
        "inference service: {reason}"
    ),
    WarningCode.CAPTIONS_UNAVAILABLE: (
        "ERR_CAPTIONS_UNAVAILABLE: images are stored without a caption, which `photoseek "
        "caption` makes up for: {reason}"
    ),
    WarningCode.CAPTION_FAILED: "{error}: images are stored without a caption",
    WarningCode.PICTURES_SENT: "pictures are sent to {recipient}: downscaled, without metadata",
    WarningCode.ROWS_LOST: (
        "the vector store was damaged: {count} images are made anew by imports of their "
        "folders, mostly from the cache"
    ),
    WarningCode.GENERATION_ROWS_LOST: (
        "the generation's table was damaged: {count} images are made anew"
    ),
    WarningCode.WATCH_BEGINS: "it is being looked at for the first time",
    WarningCode.WATCH_ENDED: (
        "it ended by an internal error, see the log; it begins anew at a start"
    ),
    WarningCode.WATCH_RESTS: (
        "it rests: the folder may not be imported now. It goes on when it is added: "
        "photoseek roots add, or INGEST_ROOTS"
    ),
    WarningCode.WATCH_NOT_ALLOWED: "the folder may not be imported any more",
    WarningCode.WATCH_FOLDER_AWAY: "the folder is not there",
    WarningCode.WATCH_FOLDER_UNREADABLE: "{reason}",
    WarningCode.WATCH_WITHOUT_EVENTS: "{reason}",
    WarningCode.WATCH_HELD_UP: "{error}: {reason}",
    WarningCode.DRY_RUN_SAMPLED: (
        "of {count:,} files that would be opened {opened:,} were: what becomes of them is estimated"
    ),
    WarningCode.TIME_NOT_MEASURED: "how long it takes cannot be told: no import was measured yet",
    WarningCode.TIME_OF_SERVICE_ALONE: (
        "how long it takes cannot be told: no import was measured yet, and the inference "
        "service alone takes that long"
    ),
    WarningCode.SPACE_LACKING: (
        "the import needs about {needed_mb:,} MB; the disk has {free_mb:,} MB free, of which "
        "{kept_mb:,} MB stay free"
    ),
    WarningCode.TABLES_UNMEASURED: "the tables cannot be measured now: {reason}",
    WarningCode.STILL_GONE: (
        "what is still not in its folder is removed again by the next import with sync, or "
        "by a watch of the folder"
    ),
    WarningCode.UNDO_WITHOUT_VECTOR: (
        "{count:,} images have no vector by the collection's model: the next import of their "
        "folders makes them"
    ),
    WarningCode.UNDO_NOT_KEPT: "{count:,} images that the job removed are not kept any more",
    WarningCode.LEFT_ID_TAKEN: "{count:,} were left: is in the collection again, and left as it is",
    WarningCode.LEFT_FILE_REFUSED: (
        "{count:,} were left: its file is there again, and could not be imported"
    ),
    WarningCode.LEFT_IMAGE_FORGOTTEN: (
        "{count:,} were left: somebody has forgotten its content since: take it back"
    ),
    WarningCode.LEFT_FOLDER_EXCLUDED: (
        "{count:,} were left: somebody has excluded its folder since: include it again"
    ),
    WarningCode.LEFT_ROOT_FORGOTTEN: (
        "{count:,} were left: its folder is none of the collection's any more"
    ),
    WarningCode.LEFT_MODEL_GONE: (
        "{count:,} were left: no table of a model by which it had a vector is there"
    ),
    WarningCode.LEFT_ROW_REFUSED: "{count:,} were left: the store cannot hold it",
    WarningCode.NOT_CALIBRATED: "relevance could not be calibrated: {reason}",
    WarningCode.SIDECARS_INCOMPLETE: "the catalogue is still being filled: images may be left out",
    WarningCode.SIDECARS_READ_ONLY: "left out, since nothing can be written: {folder}",
    WarningCode.EXPORT_WITHOUT_HIDDEN: "images in folders that may not be shown now are left out",
    WarningCode.EXPORT_LACKS_NAMED: "{count:,} of the images that were named are not in it",
    WarningCode.EXPORT_LACKS_WORDS: "words are being made whole: some captions may lack",
    WarningCode.IMPORT_OF_EMPTY_FOLDERS: (
        "{count:,} of the {folders:,} folders are empty, or not there: their images are "
        "found, and cannot be opened"
    ),
    WarningCode.THUMBNAILS_LOST: (
        "{count:,} thumbnails were gone and could not be made anew: others that are gone "
        "were not tried, and their images not compared"
    ),
    WarningCode.HASHES_TOO_NEAR: (
        "the hashes of too many images are near each other: of some of them not all were compared"
    ),
    WarningCode.TOO_MANY_ALIKE: "{count:,} images are like more others than are compared",
}
