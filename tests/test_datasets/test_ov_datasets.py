"""Datasets whose labels follow the class names, not the file."""
import json

import pytest
from coco_files import make_scenes, write_coco, write_images, write_lvis
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdet.registry import DATASETS
from regionclip_mm.datasets import (COCO_ALL_65, COCO_BASE_48, COCO_NOVEL_17,
                                    LVIS_ALL_1203, category_ids)

NAMES = ('person', 'cat', 'train', 'dog')
SHUFFLED = {'dog': 7, 'person': 90, 'cat': 3, 'train': 41}
SORTED = {name: i for i, name in enumerate(NAMES, 1)}


def build(type_, ann_file, **kwargs):
    kwargs = dict(dict(test_mode=True, data_prefix=dict(img='')), **kwargs)
    return DATASETS.build(
        dict(type=type_, ann_file=str(ann_file), pipeline=[], **kwargs))


def labelled(dataset):
    """Names and boxes of each image, by its labels."""
    classes = dataset.metainfo['classes']
    return {
        info['img_id']: sorted((classes[i['bbox_label']], tuple(i['bbox']))
                               for i in info['instances'])
        for info in map(dataset.get_data_info, range(len(dataset)))
    }


def test_coco_splits():
    assert len(COCO_ALL_65) == len(set(COCO_ALL_65)) == 65
    assert len(COCO_BASE_48) == 48 and len(COCO_NOVEL_17) == 17
    assert set(COCO_BASE_48) | set(COCO_NOVEL_17) == set(COCO_ALL_65)
    in_coco_order = [n for n in DATASETS.get('CocoDataset').METAINFO['classes']
                     if n in COCO_ALL_65]
    assert list(COCO_ALL_65) == in_coco_order
    assert [n for n in COCO_ALL_65 if n in COCO_NOVEL_17] == list(
        COCO_NOVEL_17)


def test_coco_split_is_mmdets():
    import importlib.util

    import mmdet
    path = f'{mmdet.__path__[0]}/.mim/tools/dataset_converters/coco2ovd.py'
    spec = importlib.util.spec_from_file_location('coco2ovd', path)
    theirs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(theirs)
    assert COCO_BASE_48 == theirs.base_classes
    assert COCO_NOVEL_17 == theirs.novel_classes


@settings(max_examples=25, deadline=None)
@given(st.permutations(NAMES), st.permutations([1, 5, 17, 80]))
def test_any_order_and_any_ids_give_the_same_labels(order, ids):
    categories = [dict(name=n, id=i) for n, i in zip(order, ids)]
    of_name = {c['name']: c['id'] for c in categories}
    assert category_ids(categories, NAMES) == [of_name[n] for n in NAMES]


@pytest.mark.parametrize('ids', [SORTED, SHUFFLED])
def test_coco_labels_follow_names(tmp_path, ids):
    scenes = make_scenes(NAMES)
    path = write_coco(tmp_path / 'a.json', scenes, ids)
    dataset = build('OVCocoDataset', path, metainfo=dict(classes=NAMES))
    assert dataset.metainfo['classes'] == NAMES
    assert dataset.metainfo['base_classes'] == ('person', 'train')
    assert dataset.metainfo['novel_classes'] == ('cat', 'dog')
    for image, scene in zip(labelled(dataset).values(), scenes):
        assert [n for n, _ in image] == sorted(NAMES)
        assert image == sorted(
            (o['name'], (x, y, x + w, y + h)) for o in scene['objects']
            for x, y, w, h in [o['bbox']])


@pytest.mark.parametrize('split, count', [('all', 65), ('base', 48),
                                          ('novel', 17)])
def test_original_coco_file_is_filtered(tmp_path, split, count):
    everything = DATASETS.get('CocoDataset').METAINFO['classes']
    scenes = make_scenes(everything, images=1)
    scenes += [dict(id=7, objects=[dict(name='stop sign',
                                        bbox=[1., 1., 9., 9.])])]
    path = write_coco(tmp_path / 'instances_val2017.json', scenes,
                      {n: i for i, n in enumerate(everything, 1)})
    keep_all = build('OVCocoDataset', path, split=split)
    assert len(keep_all) == 2
    dataset = build('OVCocoDataset', path, split=split,
                    filter_cfg=dict(filter_empty_gt=True))
    assert len(dataset) == 1
    assert len(dataset.metainfo['classes']) == count
    assert len(dataset.get_data_info(0)['instances']) == count


def test_a_file_of_base_classes_only(tmp_path):
    ids = {n: i for i, n in enumerate(COCO_BASE_48)}
    path = write_coco(tmp_path / 'ovd_ins_train2017_b.json',
                      make_scenes(COCO_BASE_48, 2), ids)
    dataset = build('OVCocoDataset', path, split='base', test_mode=False)
    assert dataset.metainfo['classes'] == COCO_BASE_48
    assert dataset.metainfo['novel_classes'] == ()
    with pytest.raises(ValueError, match="17 of the dataset's classes are "
                       "not among the 48.*'airplane'"):
        build('OVCocoDataset', path)


def test_misspelt_name_is_named_with_its_neighbour(tmp_path):
    path = write_coco(tmp_path / 'a.json', make_scenes(NAMES), SORTED)
    with pytest.raises(ValueError, match=r"'persn' \(nearest: 'person'\).*"
                       'metainfo.classes'):
        build('OVCocoDataset', path, metainfo=dict(classes=('cat', 'persn')))
    with pytest.raises(ValueError, match='appear twice.*cat'):
        build('OVCocoDataset', path, metainfo=dict(classes=('cat', 'cat')))
    with pytest.raises(ValueError, match="split='seen' is unknown.*'base'"):
        build('OVCocoDataset', path, split='seen')
    with pytest.raises(ValueError, match="split='novel' leaves no class"):
        build('OVCocoDataset', path, split='novel',
              metainfo=dict(classes=('person', )))


def test_category_twice_in_the_file(tmp_path):
    path = tmp_path / 'a.json'
    write_coco(path, make_scenes(NAMES), SORTED)
    data = json.loads(path.read_text())
    data['categories'].append(dict(id=99, name='cat'))
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError,
                       match="categories: names appear twice: 'cat'"):
        build('OVCocoDataset', path, metainfo=dict(classes=NAMES))


@pytest.mark.parametrize('key', ['classes', 'base_classes'])
@pytest.mark.parametrize('value', ['cat', 3, ('cat', 3), {'cat': 1}])
def test_classes_that_are_no_tuple(tmp_path, key, value):
    path = write_coco(tmp_path / 'a.json', make_scenes(NAMES), SORTED)
    info = dict(dict(classes=NAMES), **{key: value})
    with pytest.raises(ValueError, match=rf"metainfo.{key}=.*give a tuple of "
                       r"texts, for one class \('cat', \)"):
        build('OVCocoDataset', path, metainfo=info)


def test_misspelt_filter(tmp_path):
    path = write_coco(tmp_path / 'a.json', make_scenes(NAMES), SORTED)
    with pytest.raises(ValueError, match='filter_cfg has filter_emty_gt; it '
                       'takes filter_empty_gt, min_size'):
        build('OVCocoDataset', path, metainfo=dict(classes=NAMES),
              filter_cfg=dict(filter_emty_gt=True))


@pytest.mark.parametrize('content', ['{}', '{"images": []}'])
def test_empty_file(tmp_path, content):
    path = tmp_path / 'a.json'
    path.write_text(content)
    with pytest.raises(ValueError, match='has no images and no categories'):
        build('OVCocoDataset', path)


def test_no_image_left(tmp_path):
    path = write_coco(tmp_path / 'a.json', make_scenes(['dog']), SORTED)
    with pytest.raises(ValueError, match='none of its 4 images passes'):
        build('OVCocoDataset', path, metainfo=dict(classes=('cat', )),
              filter_cfg=dict(filter_empty_gt=True))


@pytest.mark.parametrize('backend', ['pillow', 'cv2'])
def test_corrupt_image_is_named(tmp_path, backend):
    scenes = make_scenes(NAMES, 2)
    write_images(tmp_path, scenes)
    (tmp_path / '101.png').write_bytes(b'not a picture')
    path = write_coco(tmp_path / 'a.json', scenes, SORTED)
    dataset = DATASETS.build(
        dict(type='OVCocoDataset', ann_file=path, test_mode=True,
             metainfo=dict(classes=NAMES), data_prefix=dict(
                 img=str(tmp_path)), pipeline=[
                     dict(type='LoadImageFromFile',
                          imdecode_backend=backend)]))
    assert dataset[0]['img'].shape == (96, 128, 3)
    with pytest.raises(RuntimeError, match='101.png.*data_prefix'):
        dataset[1]
    (tmp_path / '101.png').unlink()
    with pytest.raises(RuntimeError, match='101.png.*No such file'):
        dataset[1]


FREQUENCY = dict(person='f', cat='r', train='c', dog='r')


@pytest.mark.parametrize('ids', [SORTED, SHUFFLED])
def test_lvis_obeys_classes(tmp_path, ids):
    path = write_lvis(tmp_path / 'a.json', make_scenes(NAMES), ids, FREQUENCY)
    dataset = build('OVLVISDataset', path, metainfo=dict(classes=NAMES),
                    data_root='root', data_prefix=dict(img=''))
    info = dataset.metainfo
    assert info['base_classes'] == ('person', 'train')
    assert info['novel_classes'] == ('cat', 'dog')
    assert dataset.get_data_info(0)['img_path'].endswith(
        'root/val2017/100.png')
    assert [i['bbox_label'] for i in
            dataset.get_data_info(0)['instances']] == [0, 1, 2, 3]
    base = build('OVLVISDataset', path, metainfo=dict(classes=NAMES),
                 split='base')
    assert base.metainfo['classes'] == ('person', 'train')
    assert [i['bbox_label'] for i in
            base.get_data_info(0)['instances']] == [0, 1]


def test_lvis_has_1203_classes_in_either_spelling(tmp_path):
    assert len(set(LVIS_ALL_1203)) == 1203
    ids = {n: i for i, n in enumerate(
        DATASETS.get('LVISV1Dataset').METAINFO['classes'], 1)}
    rare = {n: 'r' if i % 4 == 0 else 'c' for n, i in ids.items()}
    path = write_lvis(tmp_path / 'a.json', make_scenes(['zebra']), ids, rare)
    dataset = build('OVLVISDataset', path)
    assert dataset.metainfo['classes'] == LVIS_ALL_1203
    assert len(dataset.metainfo['novel_classes']) == 300
    assert 'speaker_(stero_equipment)' in LVIS_ALL_1203


@pytest.mark.parametrize('mine', ['stero', 'stereo'])
@pytest.mark.parametrize('files', ['stero', 'stereo'])
def test_either_spelling_is_novel_or_base(tmp_path, mine, files):
    names = ('zebra', f'speaker_({mine}_equipment)')
    theirs = ('zebra', f'speaker_({files}_equipment)')
    for rare, group in (('r', 'novel'), ('f', 'base')):
        path = write_lvis(
            tmp_path / 'a.json', make_scenes(theirs),
            {name: i for i, name in enumerate(theirs)},
            {theirs[0]: 'c', theirs[1]: rare})
        dataset = build('OVLVISDataset', path, metainfo=dict(classes=names))
        assert names[1] in dataset.metainfo[f'{group}_classes']


def test_coco_file_for_lvis(tmp_path):
    path = write_coco(tmp_path / 'a.json', make_scenes(NAMES), SORTED)
    with pytest.raises(ValueError, match='frequency None.*OVCocoDataset'):
        build('OVLVISDataset', path, metainfo=dict(classes=NAMES))


def test_lvis_split_needs_the_file(tmp_path):
    path = write_lvis(tmp_path / 'a.json', make_scenes(NAMES), SORTED,
                      FREQUENCY)
    lazy = build('OVLVISDataset', path, split='base', lazy_init=True,
                 metainfo=dict(classes=NAMES))
    with pytest.raises(ValueError, match='lazy_init=False'):
        lazy.metainfo
    lazy.full_init()
    assert lazy.metainfo['classes'] == ('person', 'train')
