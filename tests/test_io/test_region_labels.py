"""Files of region labels: what is written is read, and nothing else is."""
import errno
import json
import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pair_data import encoded
from region_label_files import NAMES, make_labels, write_labels

from mmdet.datasets import CocoDataset
from regionclip_mm.io import region_label_writer
from regionclip_mm.io.region_label_reader import RegionLabels, check_labels
from regionclip_mm.io.region_label_writer import write_region_labels
from regionclip_mm.io.region_labels import (ImageLabels, index_file,
                                            label_dtype, shard_stem, side_file)
from regionclip_mm.io.skipped_data import describe


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=4),
       st.integers(1, 5))
def test_what_is_written_is_read(tmp_path_factory, counts, k):
    path = tmp_path_factory.mktemp('labels') / 'a.json'
    written = write_labels(path, counts, k=k, teacher='nano')
    labels = RegionLabels(path)
    assert labels.names == NAMES and len(labels) == sum(counts)
    assert labels.about['top_k'] == k and labels.about['teacher'] == 'nano'
    path.unlink()  # is for others
    assert [theirs.image for theirs in labels] == labels.images
    for mine, theirs in zip(written, labels):
        assert theirs.image == mine.image
        assert np.array_equal(theirs.rows, mine.rows)
        assert np.array_equal(labels[mine.image['id']], mine.rows)


@pytest.mark.parametrize('ids', [(7, 5, 6), ('b', 'c', 'a/1')])
def test_images_are_found_by_their_ids(tmp_path, ids):
    images, dtype = make_labels()
    images = [one._replace(image=dict(one.image, id=name))
              for one, name in zip(images, ids)]
    write_region_labels(tmp_path / 'a.json', images, 5, NAMES, dtype, {})
    labels = RegionLabels(tmp_path / 'a.json')
    assert ids[1] in labels and 'x' not in labels
    assert [len(labels[name]) for name in ids] == [3, 0, 2]
    assert np.array_equal(labels[ids[2]], images[2].rows)


def test_names_that_are_not_utf_8(tmp_path):
    """As Linux has them; the labels are found, a log can show them."""
    name, dtype = 'caf\udce9.png', label_dtype(1, 2)
    image = dict(id=name, file_name=name, width=8, height=8, captions=[])
    rows = np.zeros(2, dtype)
    rows['concepts'][1] = 1
    write_region_labels(tmp_path / 'a.json', [ImageLabels(image, rows)], 2,
                        NAMES, dtype, {})
    found = RegionLabels(tmp_path / 'a.json')
    assert len(found[name]) == 2 and found.images == [image]
    assert describe('unreadable_images', name).encode() == (
        b'unreadable images: caf\\udce9.png')


def test_it_is_a_dataset_of_mmdet(tmp_path):
    """Whose boxes are those of the arrays, to a thousandth of a pixel."""
    images = write_labels(tmp_path / 'a.json')
    (tmp_path / '2.jpg').write_bytes(encoded(size=(100, 80)))
    dataset = CocoDataset(
        data_root=str(tmp_path), ann_file='a.json', data_prefix=dict(img=''),
        pipeline=[dict(type='LoadImageFromFile')], test_mode=True,
        metainfo=dict(classes=NAMES))
    assert len(dataset) == 3 and dataset[2]['img'].shape == (80, 100, 3)
    for number, image in enumerate(images):
        found = dataset.get_data_info(number)['instances']
        assert [x['bbox_label'] for x in found] == image.rows[
            'concepts'][:, 0].tolist()
        np.testing.assert_allclose(
            [x['bbox'] for x in found] or np.zeros((0, 4)),
            image.rows['boxes'], atol=2e-3)
    annotation = json.loads((tmp_path / 'a.json').read_text())[
        'annotations'][2]
    for key, field in (('score', 'scores'), ('objectness', 'objectness')):
        assert annotation[key] == pytest.approx(
            images[0].rows[field][2], rel=1e-3)


def test_starting_takes_no_time_for_regions(tmp_path):
    """The json is not read, and no region: memory and time are those of the
    index."""
    rows = np.zeros(20_000, label_dtype(3, 5))
    image = dict(id=1, file_name='1.jpg', width=9, height=9)
    write_region_labels(tmp_path / 'a.json', [ImageLabels(image, rows)],
                        len(rows), NAMES, rows.dtype, {})
    assert (tmp_path / 'a.json').stat().st_size > 2e6
    assert index_file(tmp_path / 'a.json').stat().st_size < 1000
    (tmp_path / 'a.json').write_text('no json')
    tracemalloc.start()
    labels = RegionLabels(tmp_path / 'a.json')
    assert len(labels) == 20_000
    assert tracemalloc.get_traced_memory()[1] < 2e5
    tracemalloc.stop()


@pytest.mark.parametrize('concepts, index', [
    (2, 'u1'), (256, 'u1'), (257, 'u2'), (65536, 'u2'), (65537, 'u4')])
def test_the_smallest_type_that_fits(concepts, index):
    dtype = label_dtype(4, concepts)
    assert dtype['concepts'].base == np.dtype(index)
    assert dtype.itemsize == 24 + 4 * (np.dtype(index).itemsize + 2) + 2


def test_writing_is_all_or_nothing(tmp_path):
    write_labels(tmp_path / 'a.json')
    files = [tmp_path / name for name in ('a.json', 'a.npy', 'a.index.jsonl')]
    before = [file.read_bytes() for file in files]
    images, dtype = make_labels()

    def broken():
        yield images[0]
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        write_region_labels(tmp_path / 'a.json', broken(), 5, NAMES, dtype,
                            {})
    for wrong, message in ((images[:1], '5 regions were announced, 3 given'),
                           (images + images, 'two images have the img_id 0')):
        with pytest.raises(ValueError, match=message):
            write_region_labels(tmp_path / 'a.json', wrong, 5, NAMES, dtype,
                                {})
    assert before == [file.read_bytes() for file in files]
    assert len(list(tmp_path.iterdir())) == 3


def test_no_room_on_the_disk(tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, 'No space left on device')
    monkeypatch.setattr(region_label_writer, '_write_head', full)
    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}/"
                       r"a\.npy'"):
        write_labels(tmp_path / 'a.json')
    assert not [*tmp_path.iterdir()]


def changed(row, change):
    """Of a line of the index."""
    def apply(path):
        lines = path.read_text().splitlines()
        data = json.loads(lines[row])
        change(data)
        path.write_text('\n'.join(
            [*lines[:row], json.dumps(data), *lines[row + 1:], '']))
    return apply


def without_line(row):
    def apply(path):
        lines = path.read_text().splitlines(True)
        path.write_text(''.join(lines[:row] + lines[row + 1:]))
    return apply


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def swap_rows(path):
    rows = np.load(path)
    np.save(path, rows[::-1])


def move_box(path):
    rows = np.load(path)
    rows['boxes'][0, 0] += 0.5
    np.save(path, rows)


INDEX = 'a.index.jsonl'
KIND = 'index.jsonl is not an index of region labels, or of another version: '
CHANGED = 'index.jsonl was changed or cut off since tools/label_regions.py'
DAMAGE = [
    (INDEX, cut, f'line 4 of .*{CHANGED}'),
    (INDEX, without_line(2), CHANGED),
    (INDEX, lambda p: p.write_text('{"images": []}'), KIND),
    (INDEX, lambda p: p.write_bytes(b'\xff\xfe'), KIND),
    (INDEX, lambda p: p.write_text(''), KIND),
    (INDEX, changed(0, lambda d: d['region_labels'].update(format=1)), KIND),
    (INDEX, changed(0, lambda d: d['region_labels'].pop('top_k')), CHANGED),
    (INDEX, changed(0, lambda d: d.update(concepts=[1])), CHANGED),
    (INDEX, changed(1, lambda d: d['image'].pop('id')),
     f'line 2 of .*{CHANGED}'),
    (INDEX, changed(1, lambda d: d.pop('crc32')), f'line 2 of .*{CHANGED}'),
    (INDEX, changed(1, lambda d: d.update(crc32=2**32)), 'line 2 of'),
    (INDEX, changed(1, lambda d: d['image'].pop('width')), 'line 2 of'),
    (INDEX, changed(1, lambda d: d['image'].update(height=80.)), 'line 2 of'),
    (INDEX, changed(1, lambda d: d['image'].update(file_name=3)), 'line 2 of'),
    (INDEX, lambda p: p.write_bytes(p.read_bytes().replace(
        b'"0.jpg', b'"\xff.jpg')), f'line 2 of .*{CHANGED}'),
    (INDEX, changed(1, lambda d: d.update(regions=2)), CHANGED),
    (INDEX, changed(1, lambda d: d['image'].update(id=2)),
     'index.jsonl is damaged .*: ids appear twice: 2'),
    (INDEX, lambda p: p.unlink(), 'no file .*a.index.jsonl, which belongs to '
     '.*a.json: .* A json alone is of an earlier version'),
    ('a.npy', cut, 'is cut off or no file of region labels'),
    ('a.npy', lambda p: p.unlink(), 'no file .*a.npy, which belongs to'),
    ('a.npy', lambda p: p.write_bytes(b''), 'is cut off or no file'),
    ('a.npy', lambda p: np.save(p, np.array([{}]), allow_pickle=True),
     'cut off or no file of region labels .*Python objects'),
    ('a.npy', lambda p: p.write_bytes(pickle.dumps(0)), 'no file of region'),
    ('a.npy', lambda p: np.save(p, np.zeros(5)), 'a.npy does not go with'),
    ('a.npy', lambda p: np.save(p, np.load(p)[:3]), r'has \(3,\) rows of'),
    ('a.npy', swap_rows, 'a.npy does not go with .*: its rows for image 0 are '
     'not those that were written'),
    ('a.npy', move_box, 'its rows for image 0 are not those'),
]


@pytest.mark.parametrize('name, damage, message', DAMAGE)
def test_damaged_and_foreign_files(tmp_path, name, damage, message):
    write_labels(tmp_path / 'a.json')
    damage(tmp_path / name)
    with pytest.raises((ValueError, FileNotFoundError),
                       match=message) as told:
        RegionLabels(tmp_path / 'a.json')[0]
    assert (f'remove {tmp_path}/a.json, {tmp_path}/a.npy and {tmp_path}/'
            'a.index.jsonl, and run tools/label_regions.py with the command '
            'that wrote them') in str(told.value)


@pytest.mark.parametrize('name, damage', [
    (INDEX, lambda p: p.unlink()), (INDEX, lambda p: p.write_text('')),
    ('a.npy', lambda p: p.unlink()), ('a.npy', cut),
    ('a.npy', lambda p: np.save(p, np.load(p)[:3]))])
def test_what_is_seen_without_reading(tmp_path, name, damage):
    write_labels(tmp_path / 'a.json')
    assert check_labels(tmp_path / 'a.json').about['regions'] == 5
    damage(tmp_path / name)
    with pytest.raises((ValueError, FileNotFoundError),
                       match=f'{name}.*: remove {tmp_path}/a.json, '):
        check_labels(tmp_path / 'a.json')


def test_what_tells_an_image_from_others(tmp_path):
    write_labels(tmp_path / 'a.json')
    labels = RegionLabels(tmp_path / 'a.json')
    assert labels.shape(1) == (80, 100)
    for path in ('1.jpg', '/x/1.jpg', 'C:\\x\\1.jpg', '\udcff/1.jpg'):
        assert labels.is_named(1, path)
    for path in ('0.jpg', '1.png', '1.jpg/2.jpg', ''):
        assert not labels.is_named(1, path)


def test_damage_is_of_its_image(tmp_path):
    write_labels(tmp_path / 'a.json')
    move_box(tmp_path / 'a.npy')
    assert len(RegionLabels(tmp_path / 'a.json')[2]) == 2


@pytest.mark.parametrize('field, value', [
    ('concepts', 9), ('log_probs', np.nan), ('log_rest', np.nan),
    ('log_probs', 1.), ('boxes', np.inf), ('scores', np.nan)])
def test_rows_that_are_no_probabilities(tmp_path, field, value):
    """A teacher in half precision may give them; no training should."""
    images, dtype = make_labels()
    rows = images[2].rows
    rows[field][(0, -1)[:rows[field].ndim]] = value
    with pytest.raises(ValueError, match='the labels of image 2 are no '
                       'probabilities .*model.teacher_dtype'):
        write_region_labels(tmp_path / 'a.json', images, 5, NAMES, dtype, {})


@pytest.mark.parametrize('shard', [
    '00012.tar', 'a/b/00012.tar.gz', 'https://host/x/00012.tar'])
def test_names_of_shards(shard):
    assert shard_stem(shard) == '00012'
    assert shard_stem('cc.3.tar') == 'cc.3'
    assert side_file('a/b.json').name == 'b.npy'
