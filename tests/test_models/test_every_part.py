"""Every registered model builds from a config dict and runs, alone."""
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from nano import nano_model

import regionclip_mm.models as models
from mmdet.models import DetDataPreprocessor
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.utils import register_all_modules
from regionclip_mm.models.layers import ARCHS
from regionclip_mm.text import Vocabulary

register_all_modules()
C3, C4 = ARCHS['nano'].channels[2:]
WORDS = Vocabulary(['cat', 'dog'], torch.eye(2, 128), {})
POOL = dict(type='AttentionPool2d', arch='nano')
TEXT = dict(type='CLIPTextEncoder', arch='nano')
IMAGE = torch.rand(1, 3, 128, 128)


def sample() -> DetDataSample:
    boxes = torch.tensor([[5., 5, 60, 60]])
    return DetDataSample(
        metainfo=dict(img_shape=(128, 128), ori_shape=(128, 128),
                      scale_factor=(1., 1.)),
        gt_instances=InstanceData(bboxes=boxes),
        proposals=InstanceData(bboxes=boxes, scores=torch.ones(1)))


def propose(source) -> torch.Tensor:
    one = sample()
    source.fill(IMAGE, [one], DetDataPreprocessor())
    return one.proposals.bboxes


def contrast(loss) -> torch.Tensor:
    x = torch.randn(4, 8)
    return loss(x, x, torch.tensor(10.))[None]


def classify(loss) -> torch.Tensor:
    return loss(torch.randn(4, 3), torch.tensor([0, 1, 2, 2]))[None]


def head(**kwargs) -> dict:
    return dict(region_pool=POOL, num_classes=2, reg_class_agnostic=True,
                cls_predictor_cfg=dict(type='TextEmbeddingClassifier',
                                       vocabulary=WORDS), **kwargs)


def roi_head() -> dict:
    cfg = nano_model()
    parts = {k: v for k, v in cfg['roi_head'].items() if k != 'type'}
    return dict(parts, test_cfg=cfg['test_cfg']['rcnn'])


# type -> (other arguments, a use, the shape it gives)
PARTS = dict(
    CLIPResNet=(dict(arch='nano'), lambda m: m(IMAGE)[0], (1, C3, 8, 8)),
    CLIPResLayer=(dict(arch='nano'), lambda m: m(torch.rand(2, C3, 8, 8)),
                  (2, C4, 4, 4)),
    AttentionPool2d=(dict(arch='nano'),
                     lambda m: m(torch.rand(2, C4, 4, 4)), (2, 128)),
    TextEmbeddingClassifier=(
        dict(in_features=128, out_features=3, vocabulary=WORDS),
        lambda m: m(torch.rand(4, 128)), (4, 3)),
    ProjectedTextClassifier=(
        dict(in_features=16, out_features=3, embed_dim=128, vocabulary=WORDS),
        lambda m: m(torch.rand(4, 16)), (4, 3)),
    SigmoidTextClassifier=(
        dict(in_features=16, out_features=2, embed_dim=128, vocabulary=WORDS),
        lambda m: m(torch.rand(3, 4, 16)), (3, 4, 2)),
    ConvTextClassifier=(
        dict(in_features=16, out_features=2, embed_dim=128, vocabulary=WORDS),
        lambda m: m(torch.rand(3, 16, 5, 4)), (3, 2, 5, 4)),
    RegionBBoxHead=(head(), lambda m: m(torch.rand(2, C4, 4, 4))[1], (2, 4)),
    RegionRoIExtractor=(
        dict(roi_layer=dict(type='RoIAlign', output_size=4), out_channels=C3,
             featmap_strides=[16]),
        lambda m: m((torch.rand(1, C3, 8, 8), ),
                    torch.tensor([[0., 0, 0, 50, 50]])), (1, C3, 4, 4)),
    RegionMaskHead=(dict(num_convs=0, in_channels=C4, class_agnostic=True),
                    lambda m: m(torch.rand(2, C4, 4, 4)), (2, 1, 8, 8)),
    RegionRoIHead=(roi_head(), lambda m: m.encode_regions(
        (torch.rand(1, C3, 8, 8), ), [torch.tensor([[0., 0, 50, 50]])]),
                   (1, 128)),
    ImageTextContrastiveLoss=({}, contrast, (1, )),
    RegionDistillLoss=({}, lambda loss: loss(*torch.randn(2, 4, 3))[None],
                       (1, )),
    ConceptContrastiveLoss=(
        {}, lambda loss: loss(torch.randn(2, 3), torch.tensor([2, 0]))[None],
        (1, )),
    TopKDistillLoss=({}, lambda loss: loss(
        torch.randn(2, 4), torch.tensor([[2, 0], [1, 3]]),
        -torch.ones(2, 2), -torch.ones(2))[None], (1, )),
    FocalScaledCrossEntropy=({}, classify, (1, )),
    BackgroundWeightedCrossEntropy=({}, classify, (1, )),
    CLIP=(dict(backbone=dict(type='CLIPResNet', arch='nano',
                             out_indices=(3, )), attnpool=POOL,
               text_encoder=TEXT), lambda m: m(IMAGE), (1, 128)),
    RegionCLIP=({k: v for k, v in nano_model().items() if k != 'type'},
                lambda m: m.encode_regions(
                    IMAGE, [torch.tensor([[0., 0, 50, 50]])]), (1, 128)),
    GTProposals=({}, propose, (1, 4)),
    FileProposals=({}, propose, (1, 4)),
    RandomProposals=(dict(num=7), propose, (7, 4)),
    GridProposals=(dict(sizes=[1.0]), propose, (1, 4)),
    WholeImageProposals=({}, propose, (1, 4)),
)


def test_none_is_forgotten():
    # these have files of their own: test_proposals.py, test_box_coder.py,
    # test_region_text_pretrainer.py, test_offline_pretrainer.py; and
    # test_projects/test_mixing.py for the last ones
    apart = {'RPNProposals', 'GrowthLimitedBoxCoder', 'RegionTextPretrainer',
             'OfflineRegionTextPretrainer'}
    apart |= {name for name in models.__all__
              if name.startswith(('OpenVocabulary', 'Sourced')) or
              name.startswith('Text') and name.endswith('Head')}
    assert set(models.__all__) - apart == set(PARTS)


@pytest.mark.parametrize('name', sorted(PARTS))
def test_builds_and_runs_alone(name):
    args, use, shape = PARTS[name]
    module = MODELS.build(ConfigDict(type=name, **args))
    module.eval()
    assert use(module).shape == shape


def test_image_text_loss_is_clips():
    """Against the formula, row by row."""
    torch.manual_seed(0)
    image, text = torch.randn(2, 5, 8)
    loss = MODELS.build(dict(type='ImageTextContrastiveLoss'))
    got = loss(image, text, torch.tensor(7.))
    cosine = 7 * torch.nn.functional.cosine_similarity(
        image[:, None], text[None], -1)
    rows = -(cosine.softmax(1).diag().log()).mean()
    columns = -(cosine.softmax(0).diag().log()).mean()
    torch.testing.assert_close(got, (rows + columns) / 2)


def test_clip_learns_pairs():
    """A few steps on four pairs: the loss falls by half."""
    from mmengine.structures import BaseDataElement
    torch.manual_seed(0)
    clip = MODELS.build(ConfigDict(
        type='CLIP', attnpool=POOL, text_encoder=dict(TEXT, frozen=False),
        backbone=dict(type='CLIPResNet', arch='nano', out_indices=(3, ),
                      frozen_stages=-1, norm_eval=False)))
    images = torch.rand(4, 3, 1, 1).expand(4, 3, 128, 128) * 4 - 2
    texts = []
    for word in ('red', 'green', 'blue', 'grey'):
        texts.append(BaseDataElement())
        texts[-1].text = f'a {word} square'
    optimizer = torch.optim.AdamW(clip.parameters(), 1e-3)
    losses = []
    clip.train()
    for _ in range(20):
        loss = clip(images, texts, mode='loss')['loss_img_txt']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2, losses


def test_clip_classifies_whole_images():
    from mmengine.structures import BaseDataElement
    clip = MODELS.build(ConfigDict(
        type='CLIP', attnpool=POOL, text_encoder=TEXT,
        backbone=dict(type='CLIPResNet', arch='nano', out_indices=(3, ))))
    with pytest.raises(RuntimeError, match='set_vocabulary'):
        clip(IMAGE, [BaseDataElement()], mode='predict')
    with pytest.raises(ValueError, match="mode='test': choose"):
        clip(IMAGE, mode='test')
    clip.set_vocabulary(WORDS)
    result, = clip(IMAGE, [BaseDataElement()], mode='predict')
    assert result.pred_score.shape == (2, )
    assert result.pred_label.item() == result.pred_score.argmax()
