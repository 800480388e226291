"""Every test starts in mmdet's scope; a nano detector for those who ask."""
import pytest
import torch
from mmengine.registry import DefaultScope

import regionclip_mm.datasets  # noqa: F401 (registers, as these three do)
import regionclip_mm.engine  # noqa: F401
import regionclip_mm.evaluation  # noqa: F401
import regionclip_mm.models  # noqa: F401
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


def pytest_configure() -> None:
    """Let autograd count its devices now, when there is only the CPU.

    What tests import later (exporters, the page) can register another device;
    autograd then makes a thread for it at its first use, after which the
    processes that `toy_training` forks must not use it.
    """
    torch.ones(1, requires_grad=True).sum().backward()
