"""Which images, and boxes, the arguments of a run mean."""
from pathlib import Path

import numpy as np
import pytest
from features import write_coco, write_images

from regionclip_mm.apis.feature_images import list_paths, read_boxes


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_images(Path('a'), 3)
    write_coco(Path('coco.json'), {1: [('cat', [1, 2, 3, 4])]}, 3, 'a/')


def test_files_folders_lists_and_coco():
    Path('list.txt').write_text('a/2.png\n\n a/0.png \nb/7.png\n')
    assert list_paths(['a/1.png', 'list.txt', 'a']) == [
        'a/1.png', 'a/2.png', 'a/0.png', 'b/7.png']
    assert list_paths(['coco.json']) == ['a/0.png', 'a/1.png', 'a/2.png']
    assert list_paths(['coco.json'], 'x')[0] == 'x/a/0.png'


@pytest.mark.parametrize('content', [b'\xef\xbb\xbfa/1.png\r\n',
                                     b'a/1.png'])
def test_lists_of_other_editors(content):
    Path('list.txt').write_bytes(content)
    assert list_paths(['list.txt']) == ['a/1.png']


def test_a_list_that_is_not_utf_8():
    Path('list.txt').write_bytes('\xe4.png'.encode('latin-1'))
    with pytest.raises(ValueError, match='list.txt cannot be read as UTF-8'
                       '.*: save it as'):
        list_paths(['list.txt'])


def test_names_that_cannot_be_written():
    with pytest.raises(ValueError, match=r"UTF-8: rename 'a\\udce4.png'"):
        list_paths(['a\udce4.png'])


def test_boxes_are_found_by_the_end_of_the_path():
    found = read_boxes('coco.json', ['a/0.png', '/data/a/1.png', 'a/2.png',
                                     'other.png'])
    assert {path: len(boxes) for path, boxes in found.items()} == {
        'a/0.png': 0, '/data/a/1.png': 1, 'a/2.png': 0}
    np.testing.assert_array_equal(found['/data/a/1.png'], [[1, 2, 4, 6]])


@pytest.mark.parametrize('images, message', [
    (['a/0.png', 'a/2.png'], 'coco.json has boxes for 1 images that are not '
     'among the 2 given: a/1.png'),
    (['a/0.png', 'x/a/0.png'], 'coco.json: a/0.png may be a/0.png or '
     'x/a/0.png: give one of them'),
])
def test_images_that_are_not_there(images, message):
    with pytest.raises(ValueError, match=message):
        read_boxes('coco.json', images)


@pytest.mark.parametrize('text, message', [
    ('{}', 'coco.json has no list of images'),
    ('{"images": [{"id": 1}]}', "no 'file_name' that is a text"),
    ('{"images": [], "annotations": [{"image_id": 3, "bbox": [1, 2, 3, 4]}]}',
     'images that it does not have: image_id 3'),
    ('{"images": [], "annotations": [{"image_id": 3, "bbox": [1, 2, NaN, 4]}]'
     '}', "no 'bbox' that is four finite numbers"),
    ('{"images": [', 'is not a json file, or a cut-off one'),
])
def test_files_that_are_wrong(text, message):
    Path('coco.json').write_text(text)
    with pytest.raises(ValueError, match=message):
        read_boxes('coco.json', [])
