"""The shipped captioning model: `BLIP_MODEL=tiny-captions`."""
