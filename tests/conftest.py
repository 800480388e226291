"""Every test starts in mmdet's scope, whatever the one before did."""
import pytest
from mmengine.registry import DefaultScope

from mmdet.utils import register_all_modules

register_all_modules(init_default_scope=False)


@pytest.fixture(autouse=True)
def mmdet_scope():
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield
