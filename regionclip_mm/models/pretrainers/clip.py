"""CLIP itself: an image tower, a text tower and their contrast."""
import math
from typing import Dict, List, Optional, Sequence, Union

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmdet.registry import MODELS

from ...text import Vocabulary, encode_vocabulary


@MODELS.register_module()
class CLIP(BaseModel):
    """Whole-image CLIP: trained on captions, or classifying whole images.

    Its checkpoint (``backbone.*``, ``attnpool.*``, ``text_encoder.*``,
    ``logit_scale``) is what the converters turn into a region encoder.

    Args:
        backbone: Config of a :class:`CLIPResNet` that returns layer4 last.
        attnpool: Config of an :class:`AttentionPool2d`.
        text_encoder: Config of a :class:`CLIPTextEncoder`.
        loss: Config of the image-text loss.
        data_preprocessor: Config of the preprocessor; images reach the
            towers in RGB, normalised with CLIP's mean and deviation.
        max_scale: Upper bound of the learned inverse temperature.
    """

    def __init__(self,
                 backbone: dict,
                 attnpool: dict,
                 text_encoder: dict,
                 loss: Optional[dict] = None,
                 data_preprocessor: Optional[dict] = None,
                 max_scale: float = 100.0,
                 init_cfg: Optional[Union[dict, list]] = None) -> None:
        super().__init__(data_preprocessor, init_cfg)
        self.backbone = MODELS.build(backbone)
        self.attnpool = MODELS.build(attnpool)
        self.text_encoder = MODELS.build(text_encoder)
        self.loss_img_txt = MODELS.build(
            loss or dict(type='ImageTextContrastiveLoss'))
        # CLIP's initial temperature of 0.07
        self.logit_scale = nn.Parameter(torch.tensor(1 / 0.07).log())
        self.max_scale = max_scale
        self._classes: Optional[Tensor] = None

    @property
    def scale(self) -> Tensor:
        """Inverse temperature, a scalar, at most ``max_scale``."""
        return self.logit_scale.exp().clamp(max=self.max_scale)

    def encode_image(self, inputs: Tensor) -> Tensor:
        """Normalised images (N, 3, H, W) -> embeddings (N, D), un-normalised.
        """
        return self.attnpool(self.backbone(inputs)[-1])

    def set_vocabulary(
            self, vocabulary: Union[Vocabulary, Sequence[str]]) -> None:
        """Choose the classes of ``mode='predict'``.

        Args:
            vocabulary: Names with embeddings, or names, which the text tower
                then encodes with CLIP's templates.
        """
        if not isinstance(vocabulary, Vocabulary):
            vocabulary = encode_vocabulary(vocabulary, self.text_encoder)
        self._classes = F.normalize(vocabulary.embeddings.to(
            self.logit_scale.device).float(), dim=-1)

    def forward(self,
                inputs: Tensor,
                data_samples: Optional[list] = None,
                mode: str = 'tensor'
                ) -> Union[Tensor, Dict[str, Tensor], List]:
        """Unified entry of MMEngine.

        Args:
            inputs: Normalised images (N, 3, H, W).
            data_samples: One sample per image; ``text`` holds its caption.
            mode: 'tensor' (embeddings), 'loss' or 'predict'.
        """
        if mode == 'tensor':
            return self.encode_image(inputs)
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        raise ValueError(f"mode={mode!r}: choose 'tensor', 'loss', 'predict'")

    def loss(self, inputs: Tensor, data_samples: list) -> Dict[str, Tensor]:
        """Image-text contrast of a batch; see :meth:`forward`."""
        with torch.no_grad():  # above the bound it would have no gradient
            self.logit_scale.clamp_(max=math.log(self.max_scale))
        ids = self.text_encoder.tokenizer([s.text for s in data_samples])
        text = self.text_encoder(ids.to(inputs.device))
        loss = self.loss_img_txt(self.encode_image(inputs), text, self.scale)
        return dict(loss_img_txt=loss, scale=self.scale.detach())

    def predict(self, inputs: Tensor, data_samples: list) -> list:
        """Classify whole images over the vocabulary.

        Returns:
            The samples with ``pred_score`` (K,), softmax probabilities, and
            ``pred_label`` (1,), as mmpretrain's metrics read them.
        """
        if self._classes is None:
            raise RuntimeError('CLIP has no classes to choose from: call '
                               'set_vocabulary(names) before predicting')
        image = F.normalize(self.encode_image(inputs).float(), dim=-1)
        cosine = image @ self._classes.to(image).t()
        for sample, score in zip(data_samples,
                                 (self.scale * cosine).softmax(-1)):
            sample.pred_score = score
            sample.pred_label = score.argmax(keepdim=True)
        return data_samples
