"""Every test starts in mmdet's scope; a nano detector for those who ask."""
import pytest
from mmengine.registry import DefaultScope

from mmdet.utils import register_all_modules

register_all_modules(init_default_scope=False)


@pytest.fixture(autouse=True)
def mmdet_scope():
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


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
