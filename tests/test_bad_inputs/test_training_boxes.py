"""Annotation files whose boxes would teach nothing, or something else."""
import json
import subprocess

import pytest
from coco_files import make_scenes, write_coco, write_images
from mmengine.logging import MMLogger
from nano import ROOT

from mmdet.registry import DATASETS, METRICS
from regionclip_mm import datasets, evaluation  # noqa: F401

NAMES = ('cat', 'dog')
LOAD = [dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations', with_bbox=True, with_mask=True)]


@pytest.fixture
def build(tmp_path):
    """Builds the dataset after a change of its file's content."""
    def make(change, classes=NAMES, **options):
        scenes = make_scenes(NAMES, images=3)
        write_images(tmp_path, scenes)
        path = tmp_path / 'a.json'
        write_coco(path, scenes, {n: i for i, n in enumerate(NAMES, 1)})
        data = json.loads(path.read_text())
        for annotation in data['annotations']:
            x, y, w, h = annotation['bbox']
            annotation['segmentation'] = [[x, y, x + w, y, x + w, y + h]]
        change(data)
        path.write_text(json.dumps(data))
        return DATASETS.build({**dict(
            type='OVCocoDataset', ann_file=str(path), pipeline=LOAD,
            data_prefix=dict(img=str(tmp_path)),
            filter_cfg=dict(filter_empty_gt=True), metainfo=dict(
                classes=classes, base_classes=classes, novel_classes=())),
            **options})
    return make


def every(**values):
    """Changes all annotations."""
    def change(data):
        for annotation in data['annotations']:
            annotation.update(values)
    return change


def first(**values):
    """Changes one annotation; None removes the key."""
    def change(data):
        annotation = data['annotations'][0]
        annotation.update(values)
        for key in [k for k, v in values.items() if v is None]:
            del annotation[key]
    return change


@pytest.fixture
def said():
    lines = []

    def note(record):
        lines.append(record.getMessage())
        return True
    logger = MMLogger.get_current_instance()
    logger.addFilter(note)
    yield lines
    logger.removeFilter(note)


@pytest.mark.parametrize('change', [
    every(bbox=[5, 5, 0, 9]), every(bbox=[.1, .1, .2, .2]), every(area=0),
    every(bbox=[900, 5, 9, 9]), every(iscrowd=1)])
def test_no_box_is_left(build, change):
    with pytest.raises(ValueError, match='a.json: none of its 6 annotations '
                       'of these classes is a box to learn from.*area.*crowd'):
        build(change)


def test_some_boxes_are_left_out(build, said):
    build(first(bbox=[5, 5, 0, 9]))
    assert any('1 of 6 annotations are not used' in line for line in said)
    said.clear()
    build(lambda data: None)
    assert not any('not used' in line for line in said)


@pytest.mark.parametrize('key, part', [
    ('image_id', 'images'), ('category_id', 'categories')])
def test_annotations_that_point_nowhere(build, said, key, part):
    build(first(**{key: 999}))
    assert any(f'1 annotations have a {key} that is not in {part}' in line
               for line in said)


@pytest.mark.parametrize('bad, what', [
    (first(segmentation=None), 'an object has no segmentation'),
    (first(segmentation=[1, 2, 3, 4, 5, 6]), 'TypeError'),
    (first(segmentation=dict(size=[5, 5], counts=[25])), 'ValueError')])
def test_masks_that_cannot_be_read_name_their_image(build, bad, what):
    with pytest.raises(RuntimeError, match=r'cannot load image .*100.png or '
                       f'its annotations .item 0 of .*a.json.: {what}'):
        for item in build(bad):
            pass


def test_validation_needs_no_iscrowd(tmp_path, build):
    def without(data):
        for annotation in data['annotations']:
            del annotation['iscrowd']
    build(without)
    metric = METRICS.build(dict(type='OrderedOVCocoMetric',
                                ann_file=str(tmp_path / 'a.json')))
    assert all(a['iscrowd'] == 0
               for a in metric.annotations.dataset['annotations'])


def test_no_class_at_all(build):
    with pytest.raises(ValueError, match='metainfo.classes is empty'):
        build(lambda data: None, classes=())


def test_names_in_capitals_are_near(build):
    def shout(data):
        for category in data['categories']:
            category['name'] = category['name'].upper()
    with pytest.raises(ValueError, match=r"'cat' \(nearest: 'CAT'\)"):
        build(shout)


@pytest.mark.parametrize('gpus', ['--amp', '0', '-1', 'two'])
def test_launch_scripts_want_a_number_of_gpus(gpus):
    result = subprocess.run([str(ROOT / 'tools/dist_train.sh'), __file__,
                             gpus], text=True, capture_output=True)
    assert result.returncode == 2
    assert f"GPUS is '{gpus}', not a number" in result.stderr
