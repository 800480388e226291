"""Class lists that do not fit the vocabulary, the data or the checkpoint."""
import pytest
import torch
from mmengine.runner import Runner
from nano import ARCH, make_vocabulary
from nano_training import training_config
from nano_transfer import NAMES, transfer
from toy_training import train

from regionclip_mm.io.files import load_plain_file
from regionclip_mm.text import VocabularyFile


def build(*args, **kwargs):
    """The run of :func:`configure`'s config."""
    return Runner.from_cfg(configure(*args, **kwargs))


def configure(tmp_path, vocabulary=NAMES, select=None, classes=NAMES,
              num_classes=None):
    """A training with these classes, and these in the vocabulary's file."""
    cfg = training_config(tmp_path)
    make_vocabulary(vocabulary).save(tmp_path / 'words.pth')
    head = cfg.model.roi_head.bbox_head
    head.cls_predictor_cfg.vocabulary.names = select
    head.num_classes = num_classes or len(classes)
    cfg.train_dataloader.dataset.update(
        type='OVCocoDataset', metainfo=dict(
            classes=classes, base_classes=classes, novel_classes=()))
    cfg.custom_hooks = [dict(type='VocabularyCheckHook')]
    cfg.experiment_name = tmp_path.name
    return cfg


def test_it_trains_as_it_is(tmp_path):
    build(tmp_path).train()


def test_a_class_that_the_vocabulary_file_lacks(tmp_path):
    with pytest.raises(ValueError, match=r"words.pth.*'bird' \(nearest: "
                       "'birds'"):
        build(tmp_path, ('cat', 'dog', 'birds'), NAMES).train()


def test_a_dataset_class_that_the_vocabulary_lacks(tmp_path):
    with pytest.raises(ValueError, match="2: vocabulary None, dataset 'bird'"):
        build(tmp_path, ('cat', 'dog'), num_classes=2).train()


def test_a_class_listed_twice(tmp_path):
    with pytest.raises(ValueError, match="'cat'.*twice|twice.*'cat'"):
        build(tmp_path, classes=('cat', 'dog', 'cat')).train()
    make_vocabulary().save(tmp_path / 'words.pth')
    with pytest.raises(ValueError, match="more than once: 'cat'"):
        VocabularyFile(str(tmp_path / 'words.pth'), ['cat', 'dog', 'cat']
                       ).build()


def test_num_classes_that_does_not_count_the_vocabulary(tmp_path):
    runner = build(tmp_path, num_classes=4)
    runner.model.forward = None  # before anything runs
    with pytest.raises(ValueError, match='num_classes=4.*has 3 names.*make '
                       'them equal'):
        runner.train()


def test_a_checkpoint_of_another_number_of_classes(tmp_path):
    """Words are not weights: it goes on with any classes."""
    detector = transfer('coco', dict(type='GridProposals'))
    runner = build(tmp_path, ('cat', 'dog'), classes=('cat', 'dog'))
    runner.train()
    trained = load_plain_file(tmp_path / 'work/iter_4.pth')
    detector.load_state_dict(trained['state_dict'])
    image = torch.rand(1, 3, 64, 96)
    boxes = [torch.tensor([[8., 8., 60., 50.]])]
    assert torch.equal(*(model.eval().encode_regions(image, boxes)
                         for model in (detector, runner.model)))
    logits = detector.roi_head.bbox_head.fc_cls(torch.rand(2, ARCH.embed_dim))
    assert logits.shape == (2, 4)


def test_a_checkpoint_with_a_classifier_of_its_own(tmp_path):
    """As mmdet's detectors have: nothing of it would be used in silence."""
    cfg = configure(tmp_path)
    state = load_plain_file(cfg.load_from)
    state['state_dict']['roi_head.bbox_head.fc_cls.weight'] = torch.zeros(
        81, 4)
    torch.save(state, cfg.load_from)
    assert ('unexpected key in source state_dict: roi_head.bbox_head.fc_cls.'
            'weight') in train(cfg)
