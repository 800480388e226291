"""Files of region labels: what is written is read, and nothing else is."""
import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from region_label_files import NAMES, make_labels, write_labels

from mmdet.datasets import CocoDataset
from regionclip_mm.io.region_label_reader import RegionLabels
from regionclip_mm.io.region_labels import (label_dtype, shard_stem, side_file,
                                            write_region_labels)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=4),
       st.integers(1, 5))
def test_what_is_written_is_read(tmp_path_factory, counts, k):
    path = tmp_path_factory.mktemp('labels') / 'a.json'
    written = write_labels(path, counts, k=k, teacher='nano')
    labels = RegionLabels(path)
    assert labels.names == NAMES and len(labels) == sum(counts)
    assert labels.about['top_k'] == k and labels.about['teacher'] == 'nano'
    for mine, theirs in zip(written, labels):
        assert theirs.image == mine.image
        np.testing.assert_allclose(theirs.boxes, mine.boxes, atol=2e-3)
        np.testing.assert_allclose(theirs.scores, mine.scores, rtol=1e-6)
        np.testing.assert_allclose(theirs.objectness, mine.objectness, 1e-3)
        assert np.array_equal(theirs.rows, mine.rows)


@pytest.mark.parametrize('ids', [(7, 5, 6), ('b', 'c', 'a/1')])
def test_images_are_found_by_their_ids(tmp_path, ids):
    images, dtype = make_labels()
    images = [one._replace(image=dict(one.image, id=name))
              for one, name in zip(images, ids)]
    write_region_labels(tmp_path / 'a.json', images, 5, NAMES, dtype, {})
    labels = RegionLabels(tmp_path / 'a.json')
    assert ids[1] in labels and 'x' not in labels
    assert [len(labels[name].rows) for name in ids] == [3, 0, 2]
    assert np.array_equal(labels[ids[2]].rows, images[2].rows)


def test_it_is_a_dataset_of_mmdet(tmp_path):
    images = write_labels(tmp_path / 'a.json')
    dataset = CocoDataset(ann_file=str(tmp_path / 'a.json'), pipeline=[],
                          data_prefix=dict(img='x'), test_mode=True,
                          metainfo=dict(classes=NAMES))
    assert len(dataset) == 3
    for number, image in enumerate(images):
        found = dataset.get_data_info(number)['instances']
        assert [x['bbox_label'] for x in found] == image.rows[
            'concepts'][:, 0].tolist()
        np.testing.assert_allclose([x['bbox'] for x in found] or np.zeros(
            (0, 4)), image.boxes, atol=2e-3)


@pytest.mark.parametrize('concepts, index', [
    (2, 'u1'), (256, 'u1'), (257, 'u2'), (65536, 'u2'), (65537, 'u4')])
def test_the_smallest_type_that_fits(concepts, index):
    dtype = label_dtype(4, concepts)
    assert dtype['concepts'].base == np.dtype(index)
    assert dtype.itemsize == 4 * (np.dtype(index).itemsize + 2) + 2


def test_writing_is_all_or_nothing(tmp_path):
    write_labels(tmp_path / 'a.json')
    before = [(tmp_path / name).read_bytes() for name in ('a.json', 'a.npy')]
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
    assert before == [(tmp_path / name).read_bytes()
                      for name in ('a.json', 'a.npy')]
    assert len(list(tmp_path.iterdir())) == 2


def changed(change):
    def apply(path):
        data = json.loads(path.read_text())
        change(data)
        path.write_text(json.dumps(data))
    return apply


def cut(path):
    path.write_bytes(path.read_bytes()[:-20])


def swap_rows(path):
    rows = np.load(path)
    np.save(path, rows[::-1])


DAMAGE = [
    ('a.json', cut, 'is not a json file, or a cut-off one'),
    ('a.npy', cut, 'is cut off or no file of region labels'),
    ('a.json', lambda p: p.unlink(), 'there is no file .*a.json'),
    ('a.npy', lambda p: p.unlink(), 'no file .*a.npy, which belongs to'),
    ('a.npy', lambda p: p.write_bytes(b''), 'is cut off or no file'),
    ('a.npy', lambda p: np.save(p, np.array([{}]), allow_pickle=True),
     'cut off or no file of region labels .*Python objects'),
    ('a.npy', lambda p: p.write_bytes(pickle.dumps(0)), 'no file of region'),
    ('a.npy', lambda p: np.save(p, np.zeros(5)), 'a.npy does not go with'),
    ('a.npy', lambda p: np.save(p, np.load(p)[:3]), r'has \(3,\) rows of'),
    ('a.npy', swap_rows, 'its rows for image 0 are not of the annotations'),
    ('a.json', changed(lambda d: d.pop('info')), 'is not a file of region '
     'labels, or of another version: tools/label_regions.py'),
    ('a.json', changed(lambda d: d['annotations'].pop()), 'was changed'),
    ('a.json', changed(lambda d: d['categories'].pop(0)), 'was changed'),
    ('a.json', changed(lambda d: d['annotations'][0].pop('score')),
     "an annotation in it cannot be read .KeyError: 'score'"),
    ('a.json', changed(lambda d: d['annotations'][0].update(bbox=[1, 2])),
     'was changed'),
    ('a.json', changed(lambda d: d['annotations'].insert(
        0, d['annotations'].pop())), 'of an image are not together'),
    ('a.json', changed(lambda d: d['images'].pop(0)), 'or of no image'),
    ('a.json', changed(lambda d: d['images'][0].pop('id')),
     "images have no 'id'"),
]


@pytest.mark.parametrize('name, damage, message', DAMAGE)
def test_damaged_and_foreign_files(tmp_path, name, damage, message):
    write_labels(tmp_path / 'a.json')
    damage(tmp_path / name)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        RegionLabels(tmp_path / 'a.json')[0]


@pytest.mark.parametrize('field, value', [
    ('concepts', 9), ('log_probs', np.nan), ('log_rest', np.nan),
    ('log_probs', 1.)])
def test_rows_that_are_no_probabilities(tmp_path, field, value):
    write_labels(tmp_path / 'a.json')
    rows = np.load(tmp_path / 'a.npy')
    place = (0, -1)[:rows[field].ndim]
    rows[field][place] = value
    np.save(tmp_path / 'a.npy', rows)
    labels = RegionLabels(tmp_path / 'a.json')
    with pytest.raises(ValueError, match='rows for image 0 are not'):
        labels[0]
    assert len(labels[2].rows) == 2


@pytest.mark.parametrize('shard', [
    '00012.tar', 'a/b/00012.tar.gz', 'https://host/x/00012.tar'])
def test_names_of_shards(shard):
    assert shard_stem(shard) == '00012'
    assert shard_stem('cc.3.tar') == 'cc.3'
    assert side_file('a/b.json').name == 'b.npy'
