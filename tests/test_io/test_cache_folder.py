"""A place for the cache, whoever the user is."""
import os
import pwd
import tempfile

import pytest

from regionclip_mm.io import cache_folder
from regionclip_mm.text.cache import VocabularyCache


@pytest.fixture(autouse=True)
def nobody(tmp_path, monkeypatch):
    """As a container runs with a number for its user."""

    def unknown(number):
        raise KeyError(number)

    monkeypatch.setattr(pwd, 'getpwuid', unknown)
    monkeypatch.delenv('HOME', raising=False)
    monkeypatch.delenv('REGIONCLIP_MM_CACHE', raising=False)
    monkeypatch.setattr(tempfile, 'gettempdir', lambda: str(tmp_path))


def test_without_a_home_it_is_temporary_and_private(tmp_path):
    folder = cache_folder()
    assert folder == tmp_path / f'regionclip_mm-{os.getuid()}'
    assert folder.stat().st_mode & 0o777 == 0o700
    assert VocabularyCache().folder == folder / 'vocabularies'
    assert cache_folder() == folder


def test_a_folder_of_somebody_else(monkeypatch):
    cache_folder()
    number, folder = os.getuid(), cache_folder()
    monkeypatch.setattr(os, 'getuid', lambda: number + 1)
    os.rename(folder, f'{str(folder).rpartition("-")[0]}-{number + 1}')
    with pytest.raises(ValueError, match='belongs to another user: set '
                       'REGIONCLIP_MM_CACHE'):
        cache_folder()


def test_a_home_that_is_not_there(monkeypatch):
    monkeypatch.setenv('REGIONCLIP_MM_CACHE', '~/cache')
    with pytest.raises(ValueError, match="REGIONCLIP_MM_CACHE='~/cache': "
                       'there is no such home'):
        cache_folder()
