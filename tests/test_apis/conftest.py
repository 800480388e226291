import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))


@pytest.fixture(scope='session')
def nano_files(tmp_path_factory) -> tuple:
    """Config file and checkpoint of a detector without a vocabulary."""
    from nano import write_nano
    return write_nano(tmp_path_factory.mktemp('nano'))


@pytest.fixture(scope='session')
def detect(nano_files):
    """An inferencer; calls leave nothing behind in it."""
    from regionclip_mm.apis import RegionInferencer
    return RegionInferencer(*nano_files, device='cpu', show_progress=False)
