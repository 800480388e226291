"""Fake weights and an empty cache for each test."""
import sys
from pathlib import Path
from typing import Dict

import pytest
from torch import Tensor

sys.path.insert(0, str(Path(__file__).parents[1]))
from fake_clip import openai_state, save_torchscript  # noqa: E402


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
