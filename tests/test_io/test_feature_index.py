"""The index finds what a comparison with every feature finds."""
import numpy as np
import pytest
from test_io.test_feature_folder import columns, folder_of

from regionclip_mm.io import feature_index
from regionclip_mm.io.feature_index import normalised, open_index


@pytest.fixture
def folder(tmp_path):
    folder = folder_of(tmp_path / 'features', parts=('a', 'b', 'c'))
    for seed, (part, count) in enumerate(zip('abc', (20, 0, 30))):
        folder.write(part, columns(count, seed), [], [], 0)
    return folder


def test_the_nearest(folder):
    features = normalised(folder.read(['feature'])['feature'])
    query = 7 * features[33] + 0.01
    rows, similarities = open_index(folder).search(query, 5)
    wanted = features @ normalised(query[None])[0]
    assert rows.tolist() == np.argsort(-wanted)[:5].tolist()
    assert rows[0] == 33
    np.testing.assert_allclose(similarities, np.sort(wanted)[::-1][:5],
                               atol=1e-3)
    assert len(open_index(folder).search(query, 99)[0]) == 50


def test_it_is_made_once(folder, monkeypatch):
    open_index(folder)
    with monkeypatch.context() as patched:
        patched.setattr(feature_index, 'normalised', None)
        assert len(open_index(folder)) == 50
    folder.write('b', columns(5, 9), [], [], 0)
    fresh = type(folder)(folder.root)
    assert len(open_index(fresh)) == 55
    path = folder.root / 'index.faiss'
    path.write_bytes(path.read_bytes()[:-200])
    assert len(open_index(fresh)) == 55


def test_a_damaged_index_is_made_anew(folder):
    query = np.random.default_rng(0).standard_normal(
        folder.about['dim']).astype(np.float32)
    wanted = open_index(folder).search(query, 5)
    path = folder.root / 'index.faiss'
    content = path.read_bytes()
    path.write_bytes(content[:len(content) // 2]
                     + bytes(len(content) - len(content) // 2))
    found = open_index(folder).search(query, 5)
    for one, other in zip(wanted, found):
        np.testing.assert_array_equal(one, other)
    assert path.read_bytes() == content


@pytest.mark.parametrize('error', [OSError(30, 'Read-only file system'),
                                   RuntimeError('faiss: could not open')])
def test_a_folder_that_cannot_be_written_to(folder, monkeypatch, error):
    def fail(*args):
        raise error
    said = []
    monkeypatch.setattr(feature_index, 'written_whole', fail)
    monkeypatch.setattr(feature_index, 'print_log',
                        lambda text, *_: said.append(text))
    assert len(open_index(folder)) == 50
    assert len(said) == 1 and 'index.faiss could not be written' in said[0]


def test_no_regions(tmp_path):
    folder = folder_of(tmp_path, parts=('a', ))
    folder.write('a', columns(0), ['x.png'], [], 0)
    with pytest.raises(ValueError, match='has no regions to be found'):
        open_index(folder)


def test_without_faiss(folder, monkeypatch):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(ValueError, match='the search needs faiss: pip'):
        feature_index.make_index(3)
