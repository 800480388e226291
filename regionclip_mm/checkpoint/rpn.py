"""Names of a region proposal network, detectron2's or mmdet's, to mmdet's."""
from typing import List, Mapping, Optional, Tuple

from ..io.errors import CheckpointError
from ..io.safe_load import WeightFile
from .layouts import Layout
from .rules import Rule

HEADS = 'second stage of the network that the RPN was trained in'
CONSTANTS = 'constants of detectron2 (pixel statistics, anchors)'
BODY = r'backbone\.(?:bottom_up\.)?'


def rpn_rules(layout: Layout) -> List[Rule]:
    """Rules for a file of detectron2 or mmdet and a given RPN of mmdet.

    Channels keep their order. detectron2 counts the anchors of a cell sizes
    first, ratios second: an RPN with several sizes in one level needs
    `anchor_generator.scale_major=False`.

    Args:
        layout: Layout of the mmdet detector, to see what it calls its head
            (`RPN`: bbox_head, two-stage detectors: rpn_head).
    """
    two_stage = any(key.startswith('rpn_head.') for key in layout)
    head = 'rpn_head.' if two_stage else 'bbox_head.'
    return [*_backbone_rules(), *_neck_rules(), *_head_rules(head),
            Rule(r'(?:rpn|bbox)_head\.(.*)', head + r'\1'),  # mmdet's names
            Rule(r'(neck\..*)', r'\1'),
            Rule(r'(roi_head\..*)', r'\1', HEADS),
            Rule(r'roi_heads\..*', None, HEADS),
            Rule(r'pixel_(mean|std)', None, CONSTANTS),
            Rule(r'proposal_generator\.anchor_generator\..*', None, CONSTANTS)]


def _backbone_rules() -> List[Rule]:
    rules = [
        Rule(BODY + r'stem\.conv1\.weight', 'backbone.conv1.weight'),
        Rule(BODY + r'stem\.conv1\.norm\.(\w+)', r'backbone.bn1.\1'),
        # an RPN on a CLIP ResNet keeps OpenAI's names
        Rule(BODY + r'((?:conv|bn)\d\.\w+|layer\d\..*)', r'backbone.\1'),
        Rule(BODY + r'attnpool\..*', None, 'pool that an RPN does not use'),
    ]
    for stage in range(1, 5):
        old, new = rf'{BODY}res{stage + 1}\.(\d+)\.', rf'backbone.layer{stage}'
        rules += [
            Rule(old + r'conv(\d)\.weight', new + r'.\1.conv\2.weight'),
            Rule(old + r'conv(\d)\.norm\.(\w+)', new + r'.\1.bn\2.\3'),
            Rule(old + r'shortcut\.weight', new + r'.\1.downsample.0.weight'),
            Rule(old + r'shortcut\.norm\.(\w+)', new + r'.\1.downsample.1.\2'),
        ]
    return rules


def _neck_rules() -> List[Rule]:
    rules = []
    for old, new in (('lateral', 'lateral'), ('output', 'fpn')):
        for level in range(2, 6):
            theirs = rf'backbone\.fpn_{old}{level}\.'
            ours = f'neck.{new}_convs.{level - 2}.'
            rules += [Rule(theirs + r'(weight|bias)', ours + r'conv.\1'),
                      Rule(theirs + r'norm\.(\w+)', ours + r'bn.\1')]
    return rules


def _head_rules(head: str) -> List[Rule]:
    old = r'proposal_generator\.rpn_head\.'
    return [
        Rule(old + r'conv\.(weight|bias)', head + r'rpn_conv.\1'),
        Rule(old + r'conv\.conv(\d)\.(\w+)', head + r'rpn_conv.\1.conv.\2'),
        Rule(old + r'objectness_logits\.(\w+)', head + r'rpn_cls.\1'),
        Rule(old + r'anchor_deltas\.(\w+)', head + r'rpn_reg.\1'),
    ]


def check_anchor_order(rpn: Optional[dict], file: WeightFile) -> None:
    """Raise if the channels of a detectron2 RPN would be misread.

    Args:
        rpn: Config of the mmdet RPN, if there is one.
        file: Weights that may contain a detectron2 RPN.
    """
    anchors = ((rpn or {}).get('rpn_head') or {}).get('anchor_generator', {})
    several = len(anchors.get('scales', None) or [0]) > 1
    theirs = any('proposal_generator.' in key for key in file.tensors)
    if several and theirs and anchors.get('scale_major', True):
        raise CheckpointError(
            f'{file.path} orders the anchors of a cell by size, then ratio: '
            'set rpn_head.anchor_generator.scale_major=False in '
            'model.proposal_source.rpn.')


def describe_rpn(shapes: Mapping[str, Tuple[int, ...]]) -> str:
    """What kind of RPN a set of names is, of detectron2 or mmdet."""
    fpn = any('fpn_' in key for key in shapes)
    norm = any('fpn_output2.norm.' in key or 'fpn_convs.0.bn.' in key
               for key in shapes)
    convs = sum(key.endswith('.weight') and
                ('rpn_head.conv' in key or 'rpn_conv' in key)
                for key in shapes)
    clip = any(key.endswith('backbone.conv2.weight')
               or key.endswith('bottom_up.conv2.weight') for key in shapes)
    return ''.join([
        'a CLIP ResNet' if clip else 'a ResNet', ' with FPN' if fpn else '-C4',
        ' with norms in the FPN' if norm else '',
        f' and {convs} convolution{"s" * (convs != 1)} in the head'
    ])
