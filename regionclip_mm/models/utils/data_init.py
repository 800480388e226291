"""Random weights of a region encoder that can tell regions apart."""
import torch
from torch import Tensor, nn

BOXES = 16  # of an image


@torch.no_grad()
def data_dependent_init(detector: nn.Module, inputs: Tensor) -> None:
    """Fit the norms of a region encoder with random weights to some images.

    Batch norms, which fine-tuning leaves as they are, take the statistics of
    random boxes, and embeddings are centred. With mean 0 and variance 1 all
    regions would have nearly the same embedding, of which nothing can be
    learned or compared. (Krähenbühl et al., ICLR 2016, go further.)

    Args:
        detector: A :class:`RegionCLIP`; its norms are in evaluation mode
            afterwards.
        inputs: Normalised pixels (N, 3, H, W).
    """
    corners = torch.rand(len(inputs), BOXES, 2, 2, device=inputs.device)
    size = corners.new_tensor(inputs.shape[:1:-1])
    boxes = list((corners.sort(2).values * size).flatten(2))
    norms = [module for part in (detector.backbone, detector.roi_head)
             for module in part.modules() if isinstance(module,
                                                        nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
        norm.train()
    detector.encode_regions(inputs, boxes)
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum
        norm.eval()
    mean = detector.encode_regions(inputs, boxes).mean(0)
    detector.roi_head.bbox_head.region_pool.c_proj.bias -= mean
