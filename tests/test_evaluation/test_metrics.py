"""AP of base/novel and rare/common/frequent classes."""
import json

import numpy as np
import pytest
from coco_files import (as_sample, evaluate, make_predictions, make_scenes,
                        write_coco, write_lvis)
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

import regionclip_mm.datasets  # noqa: F401
import regionclip_mm.evaluation  # noqa: F401
from mmdet.registry import DATASETS, METRICS

NAMES = ('person', 'cat', 'train', 'dog', 'bear')
META = dict(classes=NAMES, base_classes=('person', 'train', 'bear'),
            novel_classes=('cat', 'dog'))
SORTED = {name: i for i, name in enumerate(NAMES, 1)}
SHUFFLED = {'dog': 7, 'bear': 5, 'person': 90, 'cat': 3, 'train': 41}
FREQUENCY = dict(person='f', cat='r', train='c', dog='r', bear='f')
SCENES = make_scenes(NAMES, images=6, seed=1)
SAMPLES = make_predictions(SCENES, NAMES, seed=2)


def coco_metric(path, **kwargs):
    return METRICS.build(
        dict(type='OrderedOVCocoMetric', ann_file=str(path), **kwargs))


def pycocotools_ap(path, names):
    """AP and AP50 per name, from pycocotools alone."""
    truth = COCO(path)
    ids = {c['name']: c['id'] for c in truth.dataset['categories']}
    found = []
    for sample in SAMPLES:
        p = sample['pred_instances']
        for box, label, score in zip(p['bboxes'].tolist(),
                                     p['labels'].tolist(),
                                     p['scores'].tolist()):
            x1, y1, x2, y2 = box
            found.append(dict(image_id=sample['img_id'], score=score,
                              category_id=ids[NAMES[label]],
                              bbox=[x1, y1, x2 - x1, y2 - y1]))
    result = {}
    for name in names:
        run = COCOeval(truth, truth.loadRes(found), 'bbox')
        run.params.catIds = [ids[name]]
        run.evaluate()
        run.accumulate()
        precision = run.eval['precision'][:, :, 0, 0, -1]
        result[name] = precision.mean(), precision[0].mean()
    return result


@pytest.mark.parametrize('ids', [SORTED, SHUFFLED])
def test_coco_agrees_with_pycocotools(tmp_path, ids):
    path = write_coco(tmp_path / 'a.json', SCENES, ids)
    got = evaluate(coco_metric(path, classwise=True), META, SAMPLES)
    want = pycocotools_ap(path, NAMES)
    assert len({round(ap, 3) for ap, _ in want.values()}) == len(NAMES)
    for name, (ap, _) in want.items():
        assert got[f'coco/{name}_precision'] == pytest.approx(ap, abs=6e-4)
    for part in ('base', 'novel'):
        aps = np.array([want[n] for n in META[f'{part}_classes']])
        assert got[f'coco/{part}_ap'] == pytest.approx(aps[:, 0].mean())
        assert got[f'coco/{part}_ap50'] == pytest.approx(aps[:, 1].mean())
    everything = np.array(list(want.values())).mean(0)
    assert got['coco/bbox_mAP'] == pytest.approx(everything[0], abs=6e-4)
    assert got['coco/bbox_mAP_50'] == pytest.approx(everything[1], abs=6e-4)


def test_shuffled_file_through_dataset_and_metric(tmp_path):
    """Labels of the dataset, given back as detections, are all right."""
    aps = []
    for ids in (SORTED, SHUFFLED):
        path = write_coco(tmp_path / 'a.json', SCENES, ids)
        dataset = DATASETS.build(
            dict(type='OVCocoDataset', ann_file=path, test_mode=True,
                 metainfo=dict(classes=NAMES), data_prefix=dict(img=''),
                 pipeline=[]))
        rng = np.random.default_rng(0)
        samples = []
        for info in map(dataset.get_data_info, range(len(dataset))):
            boxes = np.array([i['bbox'] for i in info['instances']])
            labels = [i['bbox_label'] for i in info['instances']]
            if info['img_id'] % 2:  # every other image confuses two classes
                labels = [1 - k if k < 2 else k for k in labels]
            samples.append(as_sample(info['img_id'], boxes, labels,
                                     rng.random(len(labels))))
        aps.append(evaluate(coco_metric(path), dataset.metainfo, samples))
    assert aps[0] == aps[1]
    assert 0.3 < aps[0]['coco/novel_ap50'] < 0.9


def test_ap_by_hand(tmp_path):
    """Two objects, one found first, one false alarm: 51 of 101 recalls."""
    scenes = [dict(id=1, objects=[
        dict(name='cat', bbox=[10., 10., 20., 20.]),
        dict(name='cat', bbox=[60., 60., 20., 20.])])]
    path = write_coco(tmp_path / 'a.json', scenes, SHUFFLED)
    sample = as_sample(1, [[10, 10, 30, 30], [0, 60, 20, 80]], [1, 1],
                       [.9, .8])
    got = evaluate(coco_metric(path), META, [sample])
    assert got['coco/novel_ap50'] == pytest.approx(51 / 101)
    assert got['coco/base_ap'] == -1  # no object of these


def test_only_the_classes_of_the_dataset_count(tmp_path):
    path = write_coco(tmp_path / 'a.json', SCENES, SHUFFLED)
    few = dict(classes=('dog', 'person'), base_classes=('person', ),
               novel_classes=('dog', ))
    samples = [as_sample(s['id'], [
        [x, y, x + w, y + h] for o in s['objects'] if o['name'] == 'dog'
        for x, y, w, h in [o['bbox']]], [0], [.5]) for s in SCENES]
    got = evaluate(coco_metric(path), few, samples)
    assert got['coco/novel_ap50'] == pytest.approx(1)
    assert got['coco/base_ap50'] == 0
    assert got['coco/bbox_mAP_50'] == 0.5


def test_truth_from_the_samples(tmp_path):
    """Without ann_file mmdet writes one from the samples' instances."""
    sample = as_sample(1, [[10, 10, 30, 30]], [3], [.9])
    sample['instances'] = [dict(bbox=[10, 10, 30, 30], bbox_label=3)]
    metric = METRICS.build(dict(type='OrderedOVCocoMetric'))
    got = evaluate(metric, dict(META, base_classes=()), [sample])
    assert got['coco/novel_ap50'] == pytest.approx(1)
    assert got['coco/base_ap'] == -1


def test_files_carry_the_ids_of_the_annotation_file(tmp_path):
    path = write_coco(tmp_path / 'a.json', SCENES, SHUFFLED)
    metric = coco_metric(path, format_only=True,
                         outfile_prefix=str(tmp_path / 'out'))
    evaluate(metric, META, [as_sample(100, [[1, 1, 9, 9]], [3], [.5])])
    [found] = json.loads((tmp_path / 'out.bbox.json').read_text())
    assert found['category_id'] == SHUFFLED['dog']


@pytest.mark.parametrize('kind', ['coco', 'lvis'])
def test_no_detection_at_all(tmp_path, kind):
    nothing = [as_sample(s['id'], [], [], []) for s in SCENES]
    if kind == 'coco':
        path = write_coco(tmp_path / 'a.json', SCENES, SHUFFLED)
        got = evaluate(coco_metric(path), META, nothing)
        keys = ['coco/base_ap', 'coco/novel_ap50', 'coco/bbox_mAP_50']
    else:
        got = evaluate(lvis_metric(tmp_path, SHUFFLED), META, nothing)
        keys = ['lvis/bbox_AP', 'lvis/bbox_APr', 'lvis/bbox_APf']
    assert [got[key] for key in keys] == [0, 0, 0]


def test_coco_metric_names_what_is_missing(tmp_path):
    path = write_coco(tmp_path / 'a.json', SCENES, SORTED)
    with pytest.raises(ValueError, match='base_classes and novel_classes.*'
                       'OVCocoDataset'):
        evaluate(coco_metric(path), dict(classes=NAMES), SAMPLES)
    with pytest.raises(ValueError, match="'catt'.*nearest: 'cat'"):
        evaluate(coco_metric(path),
                 dict(META, classes=('person', 'catt')), SAMPLES)


def lvis_metric(folder, ids, **kwargs):
    path = write_lvis(folder / 'lvis.json', SCENES, ids, FREQUENCY)
    return METRICS.build(
        dict(type='OrderedLVISMetric', ann_file=path, **kwargs))


@pytest.mark.parametrize('ids', [SORTED, SHUFFLED])
def test_lvis_agrees_with_pycocotools(tmp_path, ids):
    """With every image exhaustively annotated, LVIS's AP is COCO's."""
    got = evaluate(lvis_metric(tmp_path, ids, classwise=True), META, SAMPLES)
    want = pycocotools_ap(write_coco(tmp_path / 'a.json', SCENES, ids), NAMES)
    for name in NAMES:
        assert got[f'lvis/{name}_precision'] == pytest.approx(
            want[name][0], abs=6e-4)
    for letter in 'rcf':
        aps = [want[n][0] for n in NAMES if FREQUENCY[n] == letter]
        assert got[f'lvis/bbox_AP{letter}'] == pytest.approx(
            np.mean(aps), abs=6e-4)
    assert got['lvis/bbox_AP'] == pytest.approx(
        np.mean([ap for ap, _ in want.values()]), abs=6e-4)


def test_lvis_evaluates_the_classes_of_the_dataset(tmp_path):
    got = evaluate(lvis_metric(tmp_path, SHUFFLED),
                   dict(classes=('dog', 'person')),
                   [as_sample(s['id'], [
                       [x, y, x + w, y + h] for o in s['objects']
                       if o['name'] == 'dog' for x, y, w, h in [o['bbox']]
                   ], [0], [.5]) for s in SCENES])
    assert got['lvis/bbox_APr'] == 1 and got['lvis/bbox_APf'] == 0
    assert got['lvis/bbox_APc'] == -1 and got['lvis/bbox_AP'] == 0.5


def test_lvis_leaves_numpy_alone(tmp_path):
    evaluate(lvis_metric(tmp_path, SORTED), META, SAMPLES)
    import lvis.eval
    assert lvis.eval.np is np and not hasattr(np, 'float')


def test_coco_file_for_the_lvis_metric(tmp_path):
    path = write_coco(tmp_path / 'a.json', SCENES, SORTED)
    with pytest.raises(ValueError, match='no categories.*frequency.*'
                       'OrderedOVCocoMetric'):
        METRICS.build(dict(type='OrderedLVISMetric', ann_file=path))


@pytest.mark.parametrize('kind', ['OrderedOVCocoMetric', 'OrderedLVISMetric'])
@pytest.mark.parametrize('text, message', [
    ('{"images": [', 'is not a json file, or a cut-off one'),
    ('[]', 'has no'),
    ('{"images": [{}], "annotations": [{"id": 1}], "categories": [{}]}',
     "'id'")])
def test_a_damaged_file_is_named(tmp_path, kind, text, message):
    path = tmp_path / 'damaged.json'
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        METRICS.build(dict(type=kind, ann_file=str(path)))
    assert 'damaged.json' in str(caught.value)


@pytest.mark.parametrize('change', [
    lambda data: data.pop('annotations'),
    lambda data: data.update(annotations=[])])
def test_a_file_without_annotations(change, tmp_path):
    """As image_info_test-dev2017.json of COCO."""
    path = tmp_path / 'a.json'
    write_coco(path, make_scenes(NAMES), {n: i for i, n in enumerate(NAMES)})
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    with pytest.raises(ValueError, match='a.json .of the evaluator. has no '
                       'annotations.*val_evaluator = None'):
        METRICS.build(dict(type='OrderedOVCocoMetric', ann_file=str(path)))
    METRICS.build(dict(type='OrderedOVCocoMetric', ann_file=str(path),
                       format_only=True, outfile_prefix=str(tmp_path)))
