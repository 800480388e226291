"""tools/dataset_converters on small files."""
import json
import runpy
import sys
from pathlib import Path

import pytest
from coco_files import make_scenes, write_coco, write_lvis

import mmdet
from mmdet.registry import DATASETS
from regionclip_mm.datasets import (COCO_ALL_65, COCO_BASE_48, COCO_NOVEL_17,
                                    LVIS_ALL_1203)
from regionclip_mm.datasets.annotation_files import write_annotations

TOOLS = Path(__file__).parents[2] / 'tools/dataset_converters'
COCO_80 = DATASETS.get('CocoDataset').METAINFO['classes']


def run(monkeypatch, script, *args):
    monkeypatch.setattr(sys, 'argv', [script, *map(str, args)])
    runpy.run_path(str(TOOLS / script), run_name='__main__')


def coco_root(tmp_path):
    """An original COCO: a full image, one per kind of class, an empty one."""
    folder = tmp_path / 'coco/annotations'
    folder.mkdir(parents=True)
    ids = {name: 3 * i for i, name in enumerate(COCO_80, 1)}
    scenes = make_scenes(COCO_80, 1)
    for i, names in enumerate((['person'], ['dog'], ['stop sign'], [])):
        scenes.append(dict(make_scenes(names, 1)[0], id=i))
    for part in ('train', 'val'):
        write_coco(folder / f'instances_{part}2017.json', scenes, ids)
    return tmp_path / 'coco'


def test_coco(tmp_path, monkeypatch, capsys):
    root = coco_root(tmp_path)
    run(monkeypatch, 'coco_ovd.py', root)
    folder = root / 'annotations'
    files = {path.name for path in folder.glob('ovd_ins_*')}
    assert files == {'ovd_ins_train2017_b.json', 'ovd_ins_val2017_all.json',
                     'ovd_ins_val2017_b.json', 'ovd_ins_val2017_t.json'}
    images = dict(all=[100, 0, 1], b=[100, 0], t=[100, 1])
    names = dict(all=COCO_ALL_65, b=COCO_BASE_48, t=COCO_NOVEL_17)
    for split in images:
        data = json.loads(
            (folder / f'ovd_ins_val2017_{split}.json').read_text())
        assert [c['name'] for c in data['categories']] == list(names[split])
        assert [i['id'] for i in data['images']] == images[split]
    assert (folder / 'coco_65.txt').read_text().split('\n')[0] == 'person'
    assert '65 categories, 3 images, 67 annotations' in capsys.readouterr(
        ).out
    dataset = DATASETS.build(
        dict(type='OVCocoDataset', pipeline=[], data_prefix=dict(img=''),
             ann_file=str(folder / 'ovd_ins_val2017_all.json')))
    assert len(dataset) == 3


def test_coco_keeps_what_mmdets_converter_keeps(tmp_path, monkeypatch):
    root = coco_root(tmp_path)
    run(monkeypatch, 'coco_ovd.py', root)
    script = f'{mmdet.__path__[0]}/.mim/tools/dataset_converters/coco2ovd.py'
    monkeypatch.setattr(sys, 'argv', ['coco2ovd.py', str(root)])
    runpy.run_path(script, run_name='__main__')
    pairs = {'ovd_ins_train2017_b': 'instances_train2017_seen_2',
             'ovd_ins_val2017_all': 'instances_val2017_all_2'}
    for ours, theirs in pairs.items():
        a, b = (json.loads((root / f'annotations/{n}.json').read_text())
                for n in (ours, theirs))
        for category in b['categories']:
            category.pop('split')
        assert a == b


def test_lvis(tmp_path, monkeypatch):
    folder = tmp_path / 'annotations'
    folder.mkdir()
    rare = LVIS_ALL_1203[::4]
    ids = {name: i for i, name in enumerate(LVIS_ALL_1203, 1)}
    scenes = make_scenes([rare[1], *LVIS_ALL_1203[1:3]], 2)
    scenes.append(dict(make_scenes([rare[2]], 1)[0], id=7))
    write_lvis(folder / 'lvis_v1_train.json', scenes, ids,
               {n: 'r' if n in rare else 'f' for n in ids})
    run(monkeypatch, 'lvis_ovd.py', tmp_path)
    base, norare = (json.loads(
        (folder / f'lvis_v1_train_{n}.json').read_text())
        for n in ('base', 'norare'))
    assert len(base['categories']) == 1203 - len(rare)
    assert len(norare['categories']) == 1203
    assert [i['id'] for i in base['images']] == [100, 101]
    assert len(norare['images']) == 3
    assert base['annotations'] == norare['annotations']
    assert len(base['annotations']) == 4
    assert set(base['images'][0]['neg_category_ids']) == {
        c['id'] for c in base['categories']}
    assert (folder / 'lvis_1203.txt').read_text().split() != []
    for name in ('base', 'norare'):
        dataset = DATASETS.build(
            dict(type='OVLVISDataset', split='base', pipeline=[],
                 data_prefix=dict(img=''),
                 filter_cfg=dict(filter_empty_gt=True),
                 ann_file=str(folder / f'lvis_v1_train_{name}.json')))
        assert dataset.metainfo['classes'] == tuple(
            n for n in LVIS_ALL_1203 if n not in rare)
        assert len(dataset) == 2
    with pytest.raises(ValueError, match='301 of the dataset.s classes'):
        DATASETS.build(
            dict(type='OVLVISDataset', pipeline=[],
                 ann_file=str(folder / 'lvis_v1_train_base.json')))


BAD = {
    'cut off': ('{"images": [', 'not a json file, or a cut-off one'),
    'a list': ('[]', 'has no images, annotations, categories'),
    'empty': ('{"images": [], "annotations": [], "categories": []}',
              'has no images, annotations, categories'),
}


@pytest.mark.parametrize('kind', BAD)
def test_bad_files_stop_the_conversion(tmp_path, monkeypatch, kind):
    root = coco_root(tmp_path)
    text, message = BAD[kind]
    (root / 'annotations/instances_train2017.json').write_text(text)
    with pytest.raises(SystemExit, match=message):
        run(monkeypatch, 'coco_ovd.py', root)
    assert not list((root / 'annotations').glob('ovd_ins*'))


@pytest.mark.parametrize('change, message', [
    (lambda d: d['annotations'][3].update(image_id=-1),
     '1 annotations have a image_id that is not in images'),
    (lambda d: d['annotations'][3].update(category_id=-1),
     '1 annotations have a category_id that is not in categories'),
    (lambda d: d['categories'][0].update(name='persn'),
     "'person' .nearest: 'persn'"),
])
def test_strict_about_content(tmp_path, monkeypatch, change, message):
    root = coco_root(tmp_path)
    path = root / 'annotations/instances_train2017.json'
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    with pytest.raises(SystemExit, match=message):
        run(monkeypatch, 'coco_ovd.py', root)


def test_missing_file(tmp_path, monkeypatch):
    with pytest.raises(SystemExit, match='instances_train2017.json.*docs/'):
        run(monkeypatch, 'coco_ovd.py', tmp_path)
    with pytest.raises(SystemExit, match='lvis_v1_train.json.*docs/'):
        run(monkeypatch, 'lvis_ovd.py', tmp_path)


def test_a_coco_file_as_lvis(tmp_path, monkeypatch):
    root = coco_root(tmp_path)
    path = root / 'annotations/instances_train2017.json'
    path.rename(path.with_name('lvis_v1_train.json'))
    with pytest.raises(SystemExit, match='frequency None'):
        run(monkeypatch, 'lvis_ovd.py', root)


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text('old')
    with pytest.raises(TypeError):
        write_annotations(path, dict(images=[object()]))
    assert path.read_text() == 'old' and len(list(tmp_path.iterdir())) == 1
