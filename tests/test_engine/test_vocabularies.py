"""The vocabularies of a pretrainer, checked before the first step."""
from types import SimpleNamespace as Space

import pytest
import torch
from nano import make_vocabulary
from nano_pretraining import (CONCEPTS, build_pretrainer, offline_model,
                              pretrainer_model)

from mmdet.registry import MODELS
from regionclip_mm.engine import VocabularyCheckHook
from regionclip_mm.engine.hooks.vocabulary_check_hook import check_vocabulary
from regionclip_mm.engine.vocabularies import labeller_of, vocabularies_of


def before_training(model):
    """What the hook has to say; the data has no classes."""
    VocabularyCheckHook().before_train(Space(
        model=model, val_loop=None,
        train_dataloader=Space(dataset=Space(metainfo={}))))


def with_pool(model, names, key='vocabulary'):
    """The head of a detector's config gets another vocabulary."""
    words = model.roi_head.bbox_head.cls_predictor_cfg
    words.vocabulary = None
    words[key] = names and make_vocabulary(names)
    return model


def test_words_of_a_labeller_are_not_compared():
    """Neither the pool with the data, nor the teacher's in validation."""
    pretrainer = build_pretrainer()
    found = dict(vocabularies_of(pretrainer, 'test'))
    assert list(found) == ['model.roi_head.bbox_head.cls_predictor_cfg']
    check_vocabulary(pretrainer, Space(metainfo=dict(classes=CONCEPTS)),
                     'val')
    detector = MODELS.build(pretrainer_model().teacher)
    assert labeller_of(detector) is None


@pytest.mark.parametrize('names, message', [
    (None, 'there is no concept pool: set model.roi_head.bbox_head.cls_predic'
     'tor_cfg.vocabulary'),
    (['cat'], r'the concept pool has 1 concept \(cat\): regions learn by'),
    (CONCEPTS[:3], 'bbox_head.num_classes=5, but the training vocabulary has '
     '3 names')])
def test_offline_without_a_pool_to_learn_from(names, message):
    offline = MODELS.build(with_pool(offline_model(), names))
    offline.load_state_dict(offline.state_dict())
    with pytest.raises(ValueError, match=message):
        before_training(offline)


def test_a_teacher_that_only_has_words_of_testing():
    model = pretrainer_model()
    with_pool(model.teacher, CONCEPTS, 'test_vocabulary')
    before_training(build_pretrainer(model))
    with_pool(model.teacher, CONCEPTS[:4], 'test_vocabulary')
    with pytest.raises(ValueError, match=r'student \(5\) and teacher \(4\)'):
        before_training(build_pretrainer(model))


@pytest.mark.parametrize('own_count, owner', [
    (5, r'model'), (3, r'model\.teacher')])
def test_regions_are_not_labelled_by_a_pool_of_another_size(own_count, owner):
    """Before hours of labelling, which a training would then refuse."""
    model = pretrainer_model()
    for part in (model, model.teacher):
        with_pool(part, CONCEPTS[:3])
    model.roi_head.bbox_head.num_classes = own_count
    pretrainer = build_pretrainer(model)
    with pytest.raises(ValueError, match=rf'^{owner}\.roi_head\.bbox_head\.'
                       'num_classes=5, but the training vocabulary has 3'):
        pretrainer.label(torch.zeros(1, 3, 32, 32), [], 2, 4)
