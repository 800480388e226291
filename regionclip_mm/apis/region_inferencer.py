"""mmdet's inferencer, for words."""
import os
from collections import defaultdict
from typing import (Any, Callable, Dict, Iterable, Iterator, List, Optional,
                    Sequence, Union)

import numpy as np
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.visualization import Visualizer
from rich.progress import track
from torch import nn

import regionclip_mm.datasets  # noqa: F401 (registers what configs name)
import regionclip_mm.models  # noqa: F401
from mmdet.apis import DetInferencer
from mmdet.datasets.transforms import InferencerLoader
from mmdet.structures import DetDataSample, SampleList

from ..text import Vocabulary
from .coco_results import FILE, CocoResults
from .drawing import (LegibleVisualizer, drawable, long_palette, magnified,
                      picture_name, without_bounds_warnings)
from .image_feed import ImageFeed, Sized, list_images, report
from .image_loading import ImageError
from .model_zoo import config_of, list_models
from .options import FOREIGN, check_options
from .out_dir import check_out_dir
from .region_features import region_features
from .selection import Selection
from .texts import Names, Text, Words, names_per_image, opened
from .weights import check_fit, plain_meta, plain_uri
from .word_cache import WordCache, encode_all, encode_names, using


class RegionInferencer(DetInferencer):
    """Find in images what words say.

    Beyond mmdet's inferencer: the words are arguments of a call and may
    differ between images, without loading or building anything anew; files
    that are no images are skipped and reported if others can be read; weights
    that do not fit are refused; all results go into one file in COCO's
    format.

    Example:
        >>> detect = RegionInferencer('config.py', 'weights.pth')
        >>> detect('photo.jpg', texts='cat . traffic cone', out_dir='out')

    Args:
        model: Config file, config or shipped name of the detector. A config
            inside the weights is not used: it is code.
        weights: Checkpoint; files are read without running code in them.
        device: For example 'cuda:0'; by default the best one there is.
        palette: As in mmdet.
        show_progress: Whether to show progress bars.
        cached_names: Names whose embeddings are kept in memory.
    """

    forward_kwargs: set = {'unique_boxes', 'max_boxes', 'min_area', 'no_parts',
                           'scores'}
    list_models = staticmethod(list_models)
    region_features = region_features

    def __init__(self,
                 model: Union[str, dict, Config, None] = None,
                 weights: Optional[str] = None,
                 device: Optional[str] = None,
                 scope: str = 'mmdet',
                 palette: str = 'none',
                 show_progress: bool = True,
                 cached_names: int = 10000) -> None:
        if model is None:
            raise ValueError('name the config of the detector (model=...); '
                             'the one in the weights is code: it is not run')
        if isinstance(model, (str, os.PathLike)):
            model, weights = config_of(model, weights)
        check_options(dict(cached_names=cached_names))
        self.words = WordCache(cached_names)
        self._results, self._pictures = CocoResults(), set()
        super().__init__(model, plain_uri(weights), device, scope, palette,
                         show_progress)

    def __call__(self,
                 inputs: Any,
                 batch_size: int = 1,
                 *,
                 texts: Union[str, Sequence[Text], None] = None,
                 vocabulary: Union[Vocabulary, Words, None] = None,
                 custom_entities: bool = False,
                 chunked_size: Optional[int] = None,
                 out_dir: str = '',
                 no_save_pred: bool = True,
                 **kwargs) -> Dict[str, list]:
        """Detect.

        Args:
            inputs: Path, folder, array (BGR), PIL image, or a list of these.
            batch_size: Images at a time. Among larger ones an image is
                padded, which changes scores near its right and bottom border
                a little, as in the reference; 1 avoids that.
            texts: What to look for: a text such as 'cat . traffic cone' or
                '$: lvis' for all images, or a list with one text (or list of
                names) per image.
            vocabulary: What to look for: class names for all images, or a
                vocabulary file. Without either, that of the config.
            custom_entities: See :func:`names_of_text`.
            chunked_size: Names to encode at a time, by default
                ``test_cfg.chunked_size`` or all; scores do not change.
            out_dir: Folder for pictures (``vis/``) and ``predictions.json``.
            no_save_pred: Do not write ``predictions.json``; it is also
                written, with the images so far, if the call ends early.
            kwargs: mmdet's ``pred_score_thr`` (least score to draw),
                ``return_vis``, ``show``, ``wait_time``, ``draw_pred``,
                ``no_save_vis``, ``return_datasamples``, ``print_result``; and
                the fields of :class:`Selection`: ``unique_boxes``,
                ``max_boxes``, ``min_area``, ``no_parts``, ``scores``.

        Returns:
            ``predictions`` and ``visualization`` of the readable images, in
            order, and ``skipped``, the others, with the reason.
        """
        self._check(kwargs, out_dir, [] if no_save_pred else [FILE])
        check_options(dict(batch_size=batch_size, chunked_size=chunked_size,
                           custom_entities=custom_entities,
                           no_save_pred=no_save_pred))
        inputs, vocabulary = self._inputs_to_list(inputs), opened(vocabulary)
        names = names_per_image(texts, vocabulary, len(inputs),
                                custom_entities)
        shared = (vocabulary if isinstance(vocabulary, Vocabulary) else
                  encode_all(self.model, names, self.words, chunked_size,
                             self._track))
        self._results, self._pictures = CocoResults(), set()
        self._feed.skipped = self._results.skipped
        with self._results.kept('' if no_save_pred else out_dir,
                                len(inputs)), using(self.model, shared):
            self._declare(names)
            results = super().__call__(
                inputs, batch_size, texts=None if shared else names or None,
                out_dir=out_dir, **kwargs)
            report(self._results.skipped, len(inputs))
        return dict(results, skipped=self._results.skipped)

    def forward(self, inputs: dict, **options) -> SampleList:
        """Detect in a batch, for each vocabulary among its images at once.

        Args:
            inputs: ``inputs`` and ``data_samples``, lists of equal length.
            options: Fields of :class:`Selection`.
        """
        select, samples = Selection(**options), inputs['data_samples']
        groups: Dict[Optional[Names], List[int]] = defaultdict(list)
        for row, sample in enumerate(samples):
            groups[sample.get('text')].append(row)
        for names, rows in groups.items():
            vocabulary = names and encode_names(self.model, names, self.words)
            part = {key: [values[row] for row in rows]
                    for key, values in inputs.items()}
            with using(self.model, vocabulary):
                for row, sample in zip(rows, super().forward(part)):
                    sample.pred_instances = select(sample.pred_instances)
                    samples[row] = sample
        return samples

    def visualize(self,
                  inputs: Sequence[np.ndarray],
                  preds: SampleList,
                  return_vis: bool = False,
                  show: bool = False,
                  no_save_vis: bool = False,
                  img_out_dir: str = '',
                  **options) -> Optional[List[np.ndarray]]:
        """Draw on images (H, W, 3), BGR; enlarge small ones, for files."""
        out_dir = '' if no_save_vis else img_out_dir
        if not (show or out_dir or return_vis):
            return None
        pictures = []
        for image, sample in zip(inputs, preds):
            labels = sample.pred_instances.labels
            count = 1 + (int(labels.max()) if len(labels) else 0)
            self.visualizer.dataset_meta = dict(
                palette=long_palette(self._palette, count))
            name = picture_name(sample.img_path, self._pictures)
            image, sample = magnified(image, drawable(sample), not return_vis)
            with without_bounds_warnings():
                self.visualizer.add_datasample(
                    name, image[..., ::-1], sample, draw_gt=False,
                    show=show, **options,
                    out_file=os.path.join(out_dir, 'vis', name) if out_dir
                    else None)
            pictures.append(self.visualizer.get_image())
        self.num_visualized_imgs += len(pictures)
        return pictures

    def postprocess(self, preds: SampleList, *args, **kwargs) -> dict:
        """As mmdet's; the results are also kept for the file of the call."""
        results = super().postprocess(preds, *args, **kwargs)
        for sample, found in zip(preds, results['predictions']):
            if found is sample:  # return_datasamples
                found = self.pred2dict(sample)
            self._results.add(sample.img_path, *sample.ori_shape, found)
        return results

    def pred2dict(self, data_sample: DetDataSample,
                  pred_out_dir: str = '') -> dict:
        """Plain data of one image, with the names of the labels."""
        instances = data_sample.pred_instances
        return dict(
            super().pred2dict(data_sample),
            label_names=list(instances.label_names),
            class_scores=instances.class_scores.tolist(),
            img_path=data_sample.img_path)

    def preprocess(self, inputs: list, batch_size: int = 1,
                   **kwargs) -> Iterable:
        """As mmdet's; the progress bar learns how many batches there are."""
        check_options(dict(batch_size=batch_size))
        return Sized(super().preprocess(inputs, batch_size, **kwargs),
                     -(-len(inputs) // batch_size))

    def _get_chunk_data(self, inputs: Iterable,
                        chunk_size: int) -> Iterator[list]:
        """Batches of (image, network input); unreadable images left out."""
        return self._feed.batches(list(inputs), chunk_size)

    def _inputs_to_list(self, inputs: Any) -> list:
        """As mmdet's; folders in order, whatever case their extensions."""
        if isinstance(inputs, (str, os.PathLike)) and os.path.isdir(inputs):
            inputs = list_images(os.fspath(inputs))
        try:
            inputs = super()._inputs_to_list(inputs)
        except Exception as error:  # each file backend has its own errors
            raise ImageError(f'{inputs} cannot be read: {error}') from None
        inputs = [os.fspath(item) if isinstance(item, os.PathLike) else item
                  for item in inputs]
        if not inputs:
            raise ValueError('there are no inputs: the list is empty')
        return inputs

    def _check(self, options: dict, out_dir: str, files: List[str]) -> None:
        """Raise for wrong options before anything is done."""
        check_options(options)
        if out_dir:
            check_out_dir(out_dir, [] if options.get('no_save_vis') else
                          ['vis'], files)
        for name in FOREIGN:
            options.pop(name, None)
        Selection(**{key: value for key, value in options.items()
                     if key in self.forward_kwargs})

    def _track(self, steps: Sequence) -> Iterable:
        show = self.show_progress and len(steps) > 1
        return track(steps, description='Words') if show else steps

    def _declare(self, names: List[Names]) -> None:
        """Number the categories of a call in the order of their names."""
        if not names and self.model.vocabulary is None:
            raise ValueError(
                "say what to look for: texts='cat . dog' or vocabulary="
                "['cat', 'dog'] (or set cls_predictor_cfg.vocabulary in the "
                'config, which has none)')
        for group in dict.fromkeys(names or [self.model.vocabulary.names]):
            self._results.declare(group)

    def _init_pipeline(self, cfg: Config) -> Callable:
        """As mmdet's, which also tells how files are decoded."""
        pipeline = super()._init_pipeline(cfg)
        loader = next(t for t in pipeline.transforms
                      if isinstance(t, InferencerLoader))
        self._feed = ImageFeed(pipeline, loader.from_file.imdecode_backend)
        return pipeline

    def _init_collate(self, cfg: Config) -> Callable:
        """As mmdet's, without its warning where the config has none."""
        if 'collate_fn' in cfg.test_dataloader:
            return super()._init_collate(cfg)
        return pseudo_collate

    def _init_visualizer(self, cfg: Config) -> Visualizer:
        """As mmdet's, also for configs without a visualizer."""
        cfg.setdefault('visualizer', dict(type='DetLocalVisualizer'))
        if cfg.visualizer.type == 'DetLocalVisualizer':
            cfg.visualizer.type = LegibleVisualizer.__name__
        backends = cfg.visualizer.get('vis_backends') or []
        cfg.visualizer.vis_backends = [
            b for b in backends if b['type'] != 'LocalVisBackend']
        visualizer = super()._init_visualizer(cfg)
        self._palette = self.model.dataset_meta.get('palette')
        return visualizer

    def _load_weights_to_model(self, model: nn.Module,
                               checkpoint: Optional[dict],
                               cfg: Config) -> None:
        """As mmdet's, if they fit; names come from the vocabulary."""
        if checkpoint is not None:
            check_fit(model, checkpoint)
            checkpoint = dict(state_dict=checkpoint.get(
                'state_dict', checkpoint), meta=plain_meta(checkpoint))
        super()._load_weights_to_model(model, checkpoint, cfg)
