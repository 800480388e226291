"""What tells the data that was labelled from other data."""
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regionclip_mm.apis.label_data import (HEAD, KnownImage, digest_of_images,
                                           digest_of_tar, joined)
from regionclip_mm.apis.label_images import without_folder

IMAGES = st.lists(st.builds(
    KnownImage, st.integers(0, 3) | st.text('1\n', max_size=2),
    st.text('a/\n\udcff', max_size=3)), max_size=3)


@given(IMAGES, IMAGES)
def test_other_images_have_another_digest(one, two):
    """Also those of an id 1 and of '1', in another order, and of none."""
    same = repr(one) == repr(two)
    assert (digest_of_images(one) == digest_of_images(two)) == same


def test_tars(tmp_path):
    """Of which the beginning is read."""
    tar = tmp_path / 'a b%.tar'
    tar.write_bytes(bytes(HEAD) + b'1')
    known = digest_of_tar(tar.as_uri())
    assert known.startswith(f'{HEAD + 1} bytes, sha256 ')
    tar.write_bytes(bytes(HEAD) + b'2')
    assert digest_of_tar(tar.as_uri()) == known
    tar.write_bytes(b'1' + bytes(HEAD))
    assert digest_of_tar(tar.as_uri()) not in (None, known)
    tar.unlink()
    assert digest_of_tar(tar.as_uri()) is None


@pytest.mark.parametrize('url', ['https://host/a.tar', 'pipe:cat a.tar'])
def test_shards_that_are_no_files(url):
    assert digest_of_tar(url) is None


def test_all_parts():
    assert joined(['a', 'b']) not in (joined(['b', 'a']), joined(['a']), None)
    assert joined(['a', None]) is None


@pytest.mark.parametrize('name, folder, left', [
    ('x/a/1.png', 'x/', 'a/1.png'), ('x/1.png', 'x', '1.png'),
    ('xy/1.png', 'x', 'xy/1.png'), ('/x/1.png', '', '/x/1.png')])
def test_paths_relative_to_their_folder(name, folder, left):
    assert without_folder(name, folder) == left
