"""The check of vocabulary against dataset classes."""
from types import SimpleNamespace as Space

import pytest
import torch
from coco_files import make_scenes, write_coco
from mmengine.model import ExponentialMovingAverage
from torch import nn

import regionclip_mm.evaluation  # noqa: F401
from mmdet.registry import DATASETS, METRICS
from regionclip_mm.datasets import LVIS_ALL_1203
from regionclip_mm.engine import VocabularyCheckHook
from regionclip_mm.models import TextEmbeddingClassifier
from regionclip_mm.text import Vocabulary

BASE = ('person', 'traffic light', 'train')
ALL = (*BASE[:1], 'cat', *BASE[1:])


def vocabulary(names):
    return Vocabulary(names, torch.randn(len(names), 4))


class Detector(nn.Module):

    def __init__(self, train=BASE, test=ALL, stages=1):
        super().__init__()
        heads = []
        for _ in range(stages):
            head = nn.Module()
            head.fc_cls = TextEmbeddingClassifier(
                4, len(train or ()) + 1,
                vocabulary=train and vocabulary(train),
                test_vocabulary=test and vocabulary(test))
            heads.append(head)
        self.roi_head = nn.Module()
        self.roi_head.bbox_head = (heads[0] if stages == 1 else
                                   nn.ModuleList(heads))


def runner_of(model, train=BASE, val=ALL, test=ALL, metrics=()):
    evaluator = Space(metrics=metrics)
    loaders = {
        f'{key}_dataloader': Space(dataset=Space(metainfo=dict(classes=names)))
        for key, names in dict(train=train, val=val, test=test).items()
    }
    return Space(model=model, val_loop=val and object(),
                 val_evaluator=evaluator, test_evaluator=evaluator, **loaders)


def check(runner):
    hook = VocabularyCheckHook()
    hook.before_train(runner)
    hook.before_val(runner)
    hook.before_test(runner)


@pytest.mark.parametrize('wrap', [
    lambda m: m, nn.DataParallel, ExponentialMovingAverage
])
def test_equal_lists_pass_through_wrappers(wrap):
    check(runner_of(wrap(Detector())))
    with pytest.raises(ValueError, match=(
            r'model.roi_head.bbox_head.cls_predictor_cfg.vocabulary')):
        check(runner_of(wrap(Detector(train=BASE[::-1]))))


def test_underscores_and_parentheses_do_not_matter():
    names = ('person', 'cat', 'traffic_(light)', 'train')
    check(runner_of(Detector(), test=names))


def test_mmdets_lvis_names_are_those_of_the_dataset():
    mmdets = DATASETS.get('LVISV1Dataset').METAINFO['classes']
    assert mmdets != LVIS_ALL_1203  # one name is spelt otherwise
    check(runner_of(Detector(train=mmdets, test=LVIS_ALL_1203),
                    train=LVIS_ALL_1203, val=mmdets, test=mmdets))


def test_other_order():
    swapped = ('cat', 'person', *ALL[2:])
    with pytest.raises(ValueError) as error:
        VocabularyCheckHook().before_test(runner_of(Detector(), test=swapped))
    message = str(error.value)
    assert "0: vocabulary 'person', dataset 'cat'" in message
    assert "1: vocabulary 'cat', dataset 'person'" in message
    assert '2:' not in message
    assert 'test_dataloader.dataset.metainfo.classes' in message
    assert 'names=[...]' in message


def test_other_length_shows_only_the_first_differences():
    names = tuple(f'class {i}' for i in range(20))
    with pytest.raises(ValueError, match=r'\(4 names\).*\(20 na') as error:
        VocabularyCheckHook().before_test(runner_of(Detector(), test=names))
    assert 'and 15 more' in str(error.value)
    with pytest.raises(ValueError, match="3: vocabulary 'train', dataset No"):
        VocabularyCheckHook().before_test(runner_of(Detector(), test=ALL[:3]))


def test_training_checks_the_validation_set_first():
    runner = runner_of(Detector(), val=BASE)
    with pytest.raises(ValueError, match='val_dataloader.dataset'):
        VocabularyCheckHook().before_train(runner)
    runner.val_loop = None
    VocabularyCheckHook().before_train(runner)


def test_every_stage_is_checked():
    model = Detector(stages=3)
    check(runner_of(model))
    model.roi_head.bbox_head[2].fc_cls.set_test_vocabulary(vocabulary(BASE))
    with pytest.raises(ValueError, match=r'bbox_head\.2\.cls_predictor_cfg'):
        check(runner_of(model))


def test_missing_vocabulary_and_missing_classes():
    with pytest.raises(ValueError, match='no vocabulary for the 4 classes.*'
                       'set model.roi_head.bbox_head.cls_predictor_cfg.voc'):
        VocabularyCheckHook().before_test(
            runner_of(Detector(train=None, test=None)))
    runner = runner_of(Detector())
    runner.test_dataloader.dataset.metainfo.clear()
    with pytest.raises(ValueError, match='has no class names'):
        VocabularyCheckHook().before_test(runner)


def test_a_model_without_text_is_left_alone():
    check(runner_of(nn.Linear(2, 2), train=('a', ), test=('b', )))


def test_metrics_that_follow_their_file(tmp_path):
    def metric(type_, names):
        path = write_coco(tmp_path / 'a.json', make_scenes(names),
                          {name: i for i, name in enumerate(names)})
        return METRICS.build(dict(type=type_, ann_file=path))

    shuffled = (*ALL[::-1], 'zebra')
    check(runner_of(Detector(), metrics=[
        metric('CocoMetric', (*ALL, 'zebra')),
        metric('OrderedOVCocoMetric', shuffled)]))
    with pytest.raises(ValueError, match="OVCocoMetric of test_evaluator.*"
                       "\n  0: vocabulary 'person', file 'train'"):
        VocabularyCheckHook().before_test(runner_of(
            Detector(), metrics=[metric('OVCocoMetric', shuffled)]))


def test_a_head_that_ignores_the_classifier():
    model = Detector()
    model.roi_head.bbox_head.fc_cls = nn.Linear(2, 2)
    with pytest.raises(ValueError, match='no text classifier: its bbox_head '
                       'ignores cls_predictor_cfg'):
        VocabularyCheckHook().before_test(runner_of(model))
