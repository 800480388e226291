"""A nano student with its teacher, for the tests."""
import copy

import torch
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from nano import make_image, make_vocabulary, nano_model

from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.utils import register_all_modules

register_all_modules()

CONCEPTS = ('cat', 'dog', 'bird', 'tree', 'car')


def pretrainer_model(source=None, **changes):
    """Config of a student with a teacher, both nano."""
    pool = make_vocabulary(CONCEPTS)
    model = ConfigDict(nano_model(source or dict(type='GridProposals'), pool))
    model.roi_head.bbox_head.num_classes = len(CONCEPTS)
    teacher = copy.deepcopy(model)
    del teacher['text_encoder']
    model.update(type='RegionTextPretrainer', teacher=teacher, concept_thr=0.0,
                 num_regions=10)
    model.update(changes)
    return model


def offline_model(**changes):
    """Config of a student of labels on disk."""
    model = pretrainer_model(**changes)
    model.pop('teacher', None)
    model.type = 'OfflineRegionTextPretrainer'
    return model


def build_pretrainer(model=None, seed=0):
    """In training mode; weights are random, but count as loaded.

    Stem and layer1 of the teacher are the student's.
    """
    torch.manual_seed(seed)
    pretrainer = MODELS.build(model or pretrainer_model())
    for part in (pretrainer, pretrainer.teacher):
        for module in part.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                torch.nn.init.uniform_(module.weight, 0.5, 1.0)
    pretrainer.load_state_dict(pretrainer.state_dict())
    teacher = pretrainer.teacher
    own = teacher.state_dict()
    if pretrainer.backbone.arch == teacher.backbone.arch:
        frozen = tuple(f'backbone.{name}.'
                       for name in pretrainer.backbone._frozen_names())
        own.update({key: value for key, value in
                    pretrainer.state_dict().items()
                    if key.startswith(frozen)})
    teacher.load_state_dict(own)
    return pretrainer.train()


def make_pairs(pretrainer, images=2, text='a cat and a dog', size=(64, 96)):
    """A prepared batch of image-caption pairs."""
    data = dict(inputs=[], data_samples=[])
    for number in range(images):
        data['inputs'].append(torch.from_numpy(make_image(
            *size, number).transpose(2, 0, 1).copy()))
        sample = DetDataSample(metainfo=dict(
            img_shape=size, ori_shape=size, scale_factor=(1., 1.),
            img_path=f'{number}.jpg'))
        if text is not None:
            sample.set_metainfo(dict(text=f'{text} {number}'))
        sample.proposals = InstanceData(bboxes=torch.zeros(0, 4),
                                        scores=torch.zeros(0))
        data['data_samples'].append(sample)
    return pretrainer.data_preprocessor(data, training=True)
