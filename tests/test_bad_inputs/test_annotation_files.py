"""Annotation files that are malformed: one clear message, no traceback."""
import json
from typing import Callable

import pytest
from coco_files import make_scenes, write_coco, write_lvis
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdet.registry import DATASETS
from regionclip_mm.checkpoint import CheckpointError
from regionclip_mm.checkpoint.embeddings import names_from_json
from regionclip_mm.datasets import (ClassOrderCOCO, category_ids,
                                    lvis_rare_names)
from regionclip_mm.datasets.annotation_files import read_annotations

IDS = {'dog': 7, 'person': 90}


def drop(part: str, key: str) -> Callable:
    return lambda data: data[part][1].pop(key)


def put(part: str, **values) -> Callable:
    return lambda data: data[part][1].update(values)


ITEMS = [
    (drop('categories', 'id'), "categories have no 'id' that is an integer"),
    (drop('categories', 'name'), r"1 of 2 categories have no 'name' that is "
     r'a text that is not blank; the first is categories\[1\]: .*90'),
    (put('categories', name=['dog']), "categories have no 'name'"),
    (put('categories', name=' '), "categories have no 'name'"),
    (put('categories', name='\ud800'), "categories have no 'name'"),
    (put('categories', id=7), ', categories: ids appear twice: 7'),
    (put('categories', id='7'), "categories have no 'id' that is an integer"),
    (put('categories', name='dog'),
     ", categories: names appear twice: 'dog'"),
    (drop('images', 'id'), r"4 images have no 'id' .* images\[1\]"),
    (put('images', id=None), "images have no 'id'"),
    (put('images', id=100), ', images: ids appear twice: 100'),
    (drop('annotations', 'id'), "annotations have no 'id'"),
    (drop('annotations', 'image_id'), "annotations have no 'image_id'"),
    (drop('annotations', 'category_id'), "annotations have no 'category_id'"),
    (put('annotations', category_id=[1]), "have no 'category_id'"),
    (drop('annotations', 'bbox'), "no 'bbox' that is four finite numbers"),
    (put('annotations', bbox=[1, 2, 3]), "no 'bbox' that is four finite"),
    (put('annotations', bbox='abcd'), "no 'bbox' that is four finite"),
    (put('annotations', bbox=[0, 0, 1, float('nan')]), "no 'bbox' that is"),
    (drop('annotations', 'area'), "no 'area' that is a finite number"),
    (put('annotations', id=1), ', annotations: ids appear twice: 1'),
    (lambda data: data['images'].append(3), "5 images have no 'id'.*: 3"),
    (lambda data: data.update(images={'a': 1}),
     'no list of images, but a dict'),
    (lambda data: data.update(categories='dog'),
     'no list of categories, but a str'),
]


def changed(tmp_path, change: Callable) -> str:
    path = tmp_path / 'a.json'
    write_coco(path, make_scenes(list(IDS)), IDS)
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    return str(path)


@pytest.mark.parametrize('read', [read_annotations, ClassOrderCOCO])
@pytest.mark.parametrize('change, message', ITEMS)
def test_items(tmp_path, read, change, message):
    path = changed(tmp_path, change)
    with pytest.raises(ValueError, match='a.json.*' + message):
        read(path)


@pytest.mark.parametrize('value', [3, 'abc', [[1]], ['1']])
def test_lists_of_lvis(tmp_path, value):
    path = changed(tmp_path, put('images', neg_category_ids=value))
    with pytest.raises(ValueError, match="no 'neg_category_ids' that is a "
                       'list of integers'):
        read_annotations(path)
    assert read_annotations(changed(tmp_path, put(
        'images', neg_category_ids=[7], not_exhaustive_category_ids=None)))


@pytest.mark.parametrize('change, message', [
    (drop('images', 'file_name'), "images have no 'file_name'"),
    (put('images', file_name=3), "images have no 'file_name'"),
    (drop('images', 'width'), "no 'width' that is a positive number"),
    (put('images', height='96'), "no 'height' that is a positive number")])
def test_images_to_load(tmp_path, change, message):
    path = changed(tmp_path, change)
    with pytest.raises(ValueError, match='a.json.*' + message):
        DATASETS.build(dict(type='OVCocoDataset', ann_file=path, pipeline=[],
                            metainfo=dict(classes=('dog', ))))


def test_lvis_images_need_an_address(tmp_path):
    path = write_lvis(tmp_path / 'a.json', make_scenes(list(IDS)), IDS,
                      dict.fromkeys(IDS, 'f'))
    data = json.loads((tmp_path / 'a.json').read_text())
    data['images'][1].pop('coco_url')
    (tmp_path / 'a.json').write_text(json.dumps(data))
    with pytest.raises(ValueError, match=r"have no 'file_name'.*images\[1\]"):
        DATASETS.build(dict(type='OVLVISDataset', ann_file=path, pipeline=[],
                            metainfo=dict(classes=('dog', ))))


@pytest.mark.parametrize('read', [read_annotations, ClassOrderCOCO,
                                  names_from_json])
@pytest.mark.parametrize('content, message', [
    (b'', 'a.json is empty'), (b'{"images": [', 'not a json file, or a cut'),
    (b'\x80\x02}q\x00.', 'not a json file'), (b'[' * 100_000, 'not a json'),
    (b'[]', 'has no '), (b'3', 'has no '), (b'"images"', 'has no ')])
def test_other_content(tmp_path, read, content, message):
    path = tmp_path / 'a.json'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read(str(path))


@pytest.mark.parametrize('categories, message', [
    ([dict(id=1)], "categories have no 'name'"),
    ([dict(name='a')], "categories have no 'id'"), ([None], 'None'),
    ('abc', 'no list of categories'), (None, 'no list of categories'),
    ([dict(id=1, name='a'), dict(id=1, name='b')], 'twice'),
    ([dict(id='1', name='a'), dict(id=2, name='b')], "'id'")])
def test_categories(tmp_path, categories, message):
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(dict(categories=categories)))
    with pytest.raises(CheckpointError, match='a.json.*' + message):
        names_from_json(path)
    if isinstance(categories, list):
        with pytest.raises(ValueError, match=message):
            category_ids(categories, ['a'])
        with pytest.raises(ValueError, match=message):
            lvis_rare_names(categories)


@pytest.mark.parametrize('frequency', ['', 'x', ['r'], 3, None])
def test_frequencies(frequency):
    with pytest.raises(ValueError, match="category 'a' of .* has frequency"):
        lvis_rare_names([dict(id=1, name='a', frequency=frequency)])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(['images', 'annotations', 'categories', 'id', 'name',
                         'bbox', 'image_id', 'category_id', 'frequency']),
        inner, max_size=5), max_leaves=25)


def only_clear_errors(path) -> None:
    """A reader of ours gives data, or an error of ours."""
    for read in (read_annotations, ClassOrderCOCO, names_from_json):
        try:
            read(str(path))
        except ValueError as error:
            assert 'any.json' in str(error)


@settings(max_examples=100, deadline=None)
@given(data=st.dictionaries(st.sampled_from(
    ['images', 'annotations', 'categories']), JSON) | JSON)
def test_any_json(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / 'any.json'
    path.write_text(json.dumps(data))
    only_clear_errors(path)


@settings(max_examples=100, deadline=None)
@given(start=st.sampled_from([b'', b'{"images": ', b'[', b'\xef\xbb\xbf{']),
       content=st.binary(max_size=200))
def test_any_bytes(tmp_path_factory, start, content):
    path = tmp_path_factory.getbasetemp() / 'any.json'
    path.write_bytes(start + content)
    only_clear_errors(path)
