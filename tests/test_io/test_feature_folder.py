"""Features are read as they were written, and damage is noticed."""
import json

import numpy as np
import pytest

from regionclip_mm.io import feature_formats
from regionclip_mm.io.feature_columns import (KINDS, joined_columns,
                                              make_columns)
from regionclip_mm.io.feature_folder import FeatureFolder, is_begun
from regionclip_mm.io.feature_formats import FORMATS, get_format


def columns(count, seed=0, dim=3):
    rng = np.random.default_rng(seed)
    return make_columns(dim, **{
        'image': [f'ä/{i}.png' for i in range(count)],
        'box': rng.random((count, 4)), 'objectness': rng.random(count),
        'class': ['traffic cone'] * count, 'probability': [np.nan] * count,
        'feature': rng.standard_normal((count, dim))})


def folder_of(root, storage='npz', parts=('a', 'b')):
    return FeatureFolder.create(root, dict(
        job={}, names=[], dim=3, storage=storage, parts=list(parts)))


@pytest.mark.parametrize('storage', FORMATS)
@pytest.mark.parametrize('count', [0, 3])
def test_round_trip(storage, count, tmp_path):
    kind, wanted = FORMATS[storage], columns(count)
    for name in ('one', 'two'):
        kind.write(tmp_path / name, wanted)
    assert (tmp_path / 'one').read_bytes() == (tmp_path / 'two').read_bytes()
    found = kind.read(tmp_path / 'one', [*KINDS])
    for name in KINDS:
        np.testing.assert_array_equal(found[name], wanted[name])
        if name not in ('image', 'class'):  # their lengths vary
            assert found[name].dtype == wanted[name].dtype
    assert [*kind.read(tmp_path / 'one', ['box'])] == ['box']


def test_columns_of_other_lengths():
    with pytest.raises(ValueError, match=r'box is \(2, 4\), to be \(3, 4\)'):
        make_columns(3, **dict(columns(3), box=np.zeros((2, 4))))
    with pytest.raises(ValueError, match='columns of region features are'):
        make_columns(3, image=[])
    assert joined_columns([], 3)['feature'].shape == (0, 3)


def test_parts_of_a_folder(tmp_path):
    folder = folder_of(tmp_path)
    with pytest.raises(ValueError, match=r'2 of 2 parts are not there \(a, b'):
        folder.heads()
    folder.write('a', columns(2), ['x.png'], ['y.png is damaged'], 1)
    folder.write('b', columns(0), [], [], 0)
    again = FeatureFolder(tmp_path)
    assert [again.problem(part) for part in 'ab'] == [None, None]
    assert [head.rows for head in again.heads()] == [2, 0]
    assert again.heads()[0].problems == ['y.png is damaged']
    found = again.read()
    np.testing.assert_array_equal(found['feature'], columns(2)['feature'])
    again.remove()
    assert not tmp_path.exists()


@pytest.mark.parametrize('storage', FORMATS)
def test_a_file_half_written(storage, tmp_path):
    folder = folder_of(tmp_path, storage)
    for part in 'ab':
        folder.write(part, columns(30), [], [], 0)
    path = folder.file('b')
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    assert folder.problem('a') is None
    assert folder.problem('b') == (
        f'{path} is cut off or damaged: it does not hold what was written')
    with pytest.raises(ValueError, match=f'{path} is cut off or damaged .*run '
                       'tools/extract_region_features.py'):
        folder.read()


def test_other_damage(tmp_path):
    folder = folder_of(tmp_path)
    folder.write('a', columns(3), [], [], 0)
    assert folder.problem('b') == ''
    side = tmp_path / 'parts/a.json'
    side.write_text(side.read_text()[:20])
    assert folder.problem('a') == f'{side} is damaged'
    folder.write('a', columns(3), [], [], 0)
    folder.file('a').unlink()
    assert folder.problem('a') == f'{folder.file("a")} is missing'


def test_a_number_of_rows_that_is_not_the_files(tmp_path):
    folder = folder_of(tmp_path, parts='a')
    folder.write('a', columns(3), ['x.png'], [], 0)
    side = tmp_path / 'parts/a.json'
    side.write_text(side.read_text().replace('"rows": 3', '"rows": 2'))
    assert folder.problem('a') == f'{side} is damaged'


def test_what_is_no_features_folder(tmp_path):
    (tmp_path / 'photo.png').touch()
    for path in (tmp_path, tmp_path / 'no', tmp_path / 'photo.png'):
        with pytest.raises(ValueError, match=f'{path} is no folder of region '
                           'features: it has no features.json'):
            FeatureFolder(path)
    with pytest.raises(ValueError, match='has other files in it'):
        is_begun(tmp_path)
    head = tmp_path / 'features.json'
    for text, message in (
            ('{', 'is damaged'), ('[]', 'is damaged'),
            (json.dumps(dict(region_features=dict(format=9))),
             'of another program, or of another version')):
        head.write_text(text)
        with pytest.raises(ValueError, match=message):
            FeatureFolder(tmp_path)


def test_formats(monkeypatch):
    with pytest.raises(ValueError, match='choose one of parquet, npz, hdf5'):
        get_format('csv')
    monkeypatch.setattr(feature_formats.importlib.util, 'find_spec',
                        lambda name: None)
    with pytest.raises(ValueError, match='the format hdf5 needs h5py: pip '
                       r"install 'regionclip_mm\[features\]'"):
        get_format('hdf5')
    assert get_format('npz').ending == '.npz'
