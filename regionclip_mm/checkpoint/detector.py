"""Files of weights -> one canonical detector checkpoint."""
from typing import List, Optional, Tuple, Union

from mmengine.config import Config

from ..io.errors import CheckpointError
from ..io.safe_load import WeightFile
from .accounting import Report, StateDict, convert
from .frozen_norms import upgrade_frozen_norms
from .layouts import Layout, guess_arch, model_layout, part, pick, read_config
from .openai_clip import find_clip_arch, is_text, to_float, with_text_encoder
from .rpn import check_anchor_order, describe_rpn, rpn_rules
from .rules import Rule
from .scheme import open_weights

RPN = 'proposal_source.rpn.'
TEXT = 'text_encoder.'
OFFLINE = 'offline_'
PREDICTOR = r'roi_heads\.box_predictor\.'
NO_DELTAS = 'box deltas; in this config the proposals are the boxes'
NO_MASKS = 'mask head; this config has no masks'
NEW_HEADS = {
    r'roi_head\.bbox_head\.fc_reg\..*': 'box deltas, to be learned',
    r'roi_head\.mask_head\..*': 'mask head, to be learned',
}
NEW_HINT = ('If missing heads are what a training is to learn, add '
            '--for-training.')
NO_TEXT = ('text tower that none of the files has; the detector then takes '
           'vocabulary files, not words (--clip adds one)')
# `visual.*`: OpenAI; `backbone.*`: RegionCLIP, or our CLIP checkpoints;
# `roi_head.*`: our detectors, for another RPN or other heads.
RULES = [
    Rule(r'(?:visual|backbone)\.(layer4\..*)', r'roi_head.shared_head.\1'),
    Rule(r'(?:(?:visual|backbone)\.)?attnpool\.(.*)',
         r'roi_head.bbox_head.region_pool.\1'),
    Rule(r'(?:visual|backbone)\.(.*)', r'backbone.\1'),
    Rule(r'(roi_head\.(?:shared_head|bbox_head\.region_pool)\..*)', r'\1'),
    Rule(r'(roi_head\.bbox_head\.fc_reg\..*)', r'\1', NO_DELTAS),
    Rule(r'(roi_head\.mask_head\..*)', r'\1', NO_MASKS),
    Rule(PREDICTOR + r'(cls_score|cls_bg_score|test_cls_score)\.weight', None,
         'class embeddings; the config names the vocabulary'),
    Rule(PREDICTOR + r'bbox_pred\.(\w+)', r'roi_head.bbox_head.fc_reg.\1',
         NO_DELTAS),
    Rule(r'roi_heads\.mask_head\.deconv\.(\w+)',
         r'roi_head.mask_head.upsample.\1', NO_MASKS),
    Rule(r'roi_heads\.mask_head\.predictor\.(\w+)',
         r'roi_head.mask_head.conv_logits.\1', NO_MASKS),
    Rule(r'teacher_backbone\..*', None,
         'copy of the image tower that only pretraining uses'),
    Rule(r'logit_scale', None, 'temperature of pretraining'),
    Rule(r'(input_resolution|context_length|vocab_size|(.*\.)?attn_mask)',
         None, 'sizes and masks that TorchScript keeps with the weights'),
    Rule(r'pixel_(mean|std)', None, 'constants of the reference'),
]


def convert_detector(
        layout: Layout,
        main: WeightFile,
        rpn: Optional[WeightFile] = None,
        clip: Optional[WeightFile] = None,
        for_training: bool = False
) -> Tuple[StateDict, List[Report]]:
    """Put a detector together, leaving no key over.

    Args:
        layout: Layout of the detector, from its config.
        main: Image tower and heads: a RegionCLIP file, OpenAI's CLIP, our
            CLIP checkpoint, or a detector of ours. Its own RPN and text
            tower are used if no other file is given for them.
        rpn: RPN file of detectron2 or mmdet.
        clip: A file of a whole CLIP, of which the text tower is taken.
        for_training: The heads that transfer learning adds may be missing.

    Returns:
        State dict in float32 and one account for each part.
    """
    wanted, found = guess_arch(layout, 'backbone.'), find_clip_arch(main)
    if wanted and found and wanted != found:
        raise CheckpointError(
            f'{main.path} looks like {found}, the config asks for {wanted} '
            '(model.backbone.arch): choose the other config or file.')
    state = upgrade_frozen_norms(main)
    own_rpn = WeightFile(main.path, part(state, OFFLINE) or part(state, RPN))
    own_text = WeightFile(main.path, {k: state.pop(k) for k in list(state)
                                      if is_text(k)})
    state = {k: v for k, v in state.items()
             if not k.startswith((OFFLINE, RPN))}
    trunk = {k: v for k, v in layout.items() if not k.startswith((RPN, TEXT))}
    result, report = convert(state, RULES, trunk, str(main.path),
                             may_lack=NEW_HEADS if for_training else None,
                             hint=_main_hint(main, found) or NEW_HINT * any(
                                 key.startswith('roi_head.bbox_head.fc_reg')
                                 for key in trunk))
    rpn_state, rpn_report = convert_rpn(
        part(layout, RPN), _choose(own_rpn, rpn, '--rpn', report))
    text_state, text_report = convert_text(
        pick(layout, TEXT), _choose(own_text, clip, '--clip', report))
    result.update({RPN + key: value for key, value in rpn_state.items()})
    result.update(text_state)
    reports = [report, rpn_report, text_report]
    return to_float(result), [r for r in reports if r]


def _main_hint(main: WeightFile, arch: str) -> str:
    if any(key.startswith('proposal_generator.') for key in main.tensors):
        return 'The file looks like an RPN: give it as --rpn.'
    if arch:
        return ''
    return f'The file has no CLIP ResNet; it begins with {[*main.tensors][:4]}'


def detector_from_files(
        config: Union[str, Config],
        main: str,
        rpn: Optional[str] = None,
        clip: Optional[str] = None,
        for_training: bool = False
) -> Tuple[StateDict, List[Report]]:
    """:func:`convert_detector` for the model of a config.

    Args:
        config: Config file of the detector.
        main, rpn, clip: Files, or `clip://RN50`.
        for_training: See :func:`convert_detector`.
    """
    model = read_config(config).model
    layout = model_layout(model)
    return convert_detector(layout, *open_files(model, main, rpn, clip),
                            for_training)


def open_files(model: dict, main: str, rpn: Optional[str],
               clip: Optional[str]) -> List[Optional[WeightFile]]:
    """The files of a conversion, if their anchors suit the detector.

    Args:
        model: Config of the detector.
        main, rpn, clip: Files, or `clip://RN50`.
    """
    files = [open_weights(f) if f else None for f in (main, rpn, clip)]
    source = model.get('proposal_source') or {}
    for file in filter(None, files[:2]):
        check_anchor_order(source.get('rpn'), file)
    return files


def _choose(own: WeightFile, given: Optional[WeightFile], option: str,
            report: Report) -> WeightFile:
    """The given file, if any; what it replaces is put on the account."""
    if given is None:
        return own
    if own.tensors:
        report.ignored[f'replaced by {option}'] = list(own.tensors)
    return given


def convert_rpn(layout: Layout, file: WeightFile) -> Tuple[StateDict, Report]:
    """Rename the weights of an RPN of detectron2 or mmdet.

    Args:
        layout: Layout of the mmdet RPN; empty if the detector has none.
        file: The weights; may be empty.
    """
    report = Report(f'region proposals, {file.path}')
    if not layout:
        if file.tensors:
            report.ignored['RPN; this config has none'] = list(file.tensors)
        return {}, report
    if not file.tensors:
        raise CheckpointError(
            f'The config has an RPN (model.proposal_source.rpn) but '
            f'{file.path} has no weights of one: give its file, --rpn.')
    state = upgrade_frozen_norms(file)
    shapes = {key: tuple(value.shape) for key, value in state.items()}
    hint = (f'The file looks like {describe_rpn(shapes)}, '
            f'model.proposal_source.rpn is {describe_rpn(layout)}.')
    return convert(state, rpn_rules(layout), layout, report.source, hint=hint)


def convert_text(layout: Layout,
                 file: WeightFile) -> Tuple[StateDict, Report]:
    """Take the text tower out of a CLIP of any naming.

    Args:
        layout: The detector's keys under ``text_encoder.``, maybe none.
        file: The weights; may be empty.
    """
    report = Report(f'text tower, {file.path}')
    state = pick(with_text_encoder(file), TEXT)
    if not layout:
        if state:
            report.ignored['text tower; this config has none'] = list(state)
        return {}, report
    if not state:
        report.absent[NO_TEXT] = list(layout)
        return {}, report
    result, report = convert(state, [Rule(r'(.*)', r'\1')], layout,
                             report.source)
    others = [key for key in file.tensors if not is_text(key)]
    report.ignored = {'not the text tower': others} if others else {}
    report.settle(file.tensors)
    return result, report
