"""Fake weights and an empty cache for each test."""
from typing import Dict

import pytest
from fake_clip import openai_state, save_torchscript
from torch import Tensor


@pytest.fixture(scope='session')
def openai() -> Dict[str, Tensor]:
    return openai_state()


@pytest.fixture(scope='session')
def archive(openai, tmp_path_factory):
    """A TorchScript archive of a nano CLIP."""
    path = tmp_path_factory.mktemp('openai') / 'nano.pt'
    save_torchscript(openai, path)
    return path


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """No test reads or writes the user's cache."""
    monkeypatch.setenv('REGIONCLIP_MM_CACHE', str(tmp_path / 'cache'))
