"""A nano detector with the shipped recipes' heads, losses and thresholds."""
import copy

import torch
from mmengine.config import Config, ConfigDict
from nano import ARCH, ROOT, make_vocabulary, nano_model

from mmdet.registry import MODELS

SHIPPED = Config.fromfile(ROOT / 'configs/_base_/models/transfer_lvis.py')
NAMES = ('cat', 'dog', 'bird')


def transfer_model(recipe='lvis', source=None, **changes):
    """Config of a detector; the recipe is 'coco' or 'lvis'."""
    model = ConfigDict(copy.deepcopy(nano_model(
        source or dict(type='FileProposals'), make_vocabulary(NAMES))))
    shipped = copy.deepcopy(SHIPPED)
    model.roi_head.bbox_head.update(shipped[f'{recipe}_bbox_head'],
                                    num_classes=len(NAMES))
    model.train_cfg = shipped[f'{recipe}_train_cfg']
    model.test_cfg = shipped[f'{recipe}_test_cfg']
    model.test_cfg.rcnn.objectness = 'none'
    if recipe == 'lvis':
        model.roi_head.mask_head = dict(
            SHIPPED.lvis_mask_head, in_channels=ARCH.channels[3])
        model.train_cfg.rcnn.mask_size = ARCH.roi_size
    return Config._merge_a_into_b(changes, model)


def transfer(recipe='lvis', source=None, **changes):
    """The detector in training mode, with random weights."""
    torch.manual_seed(0)
    detector = MODELS.build(transfer_model(recipe, source, **changes))
    for module in detector.modules():  # each residual branch takes part
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.0)
    detector.load_state_dict(detector.state_dict())
    return detector.train()
