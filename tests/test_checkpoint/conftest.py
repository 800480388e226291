from clip_fixtures import archive, openai, own_cache  # noqa: F401
