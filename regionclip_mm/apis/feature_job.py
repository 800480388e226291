"""What region features depend on, as a record that runs are compared by."""
import hashlib
import json
from typing import Any, Dict, List, Optional, Sequence

from ..io.feature_folder import FeatureFolder, is_begun
from ..io.files import PathLike
from ..io.wording import listed
from ..text import Vocabulary
from ..text.checks import content_hash
from .feature_sources import RegionSource
from .label_job import differences, plain, without_files
from .out_dir import check_out_dir
from .region_inferencer import RegionInferencer
from .weight_hashes import encoder_hash, hash_of_weights

#: Parts of ``cfg.model`` that have a say in any feature.
PARTS = ('data_preprocessor', 'backbone', 'neck', 'roi_head')


def feature_job(detect: RegionInferencer, source: RegionSource,
                vocabulary: Optional[Vocabulary],
                images: Sequence[str]) -> Dict[str, Any]:
    """The record, of plain data.

    Args:
        detect: With its weights.
        source: Of regions.
        vocabulary: Of the classes, or None.
        images: Paths of all images.
    """
    cfg, model = detect.cfg, detect.model
    proposals = {}
    if source.parts:
        proposals = dict(
            proposals_sha256=hash_of_weights(model.proposal_source))
    return dict(
        regions=source.record(),
        model={key: without_files(plain(cfg.model[key]))
               for key in (*PARTS, *source.parts)
               if cfg.model.get(key) is not None},
        pipeline=plain(cfg.test_dataloader.dataset.pipeline),
        weights=dict(encoder_sha256=encoder_hash(model), **proposals),
        vocabulary_sha256=vocabulary and content_hash(
            vocabulary.names, vocabulary.embeddings),
        images=dict(count=len(images), sha256=hashlib.sha256(json.dumps(
            list(images)).encode()).hexdigest()))


def open_folder(out: PathLike, job: Dict[str, Any], dim: int, storage: str,
                names: Sequence[str], parts: List[str]) -> FeatureFolder:
    """The folder to go on with, or a new one.

    Args:
        out: The folder.
        job: Of :func:`feature_job`.
        dim: Size D of a feature.
        storage: Format of the parts.
        names: Of the vocabulary.
        parts: Names of all parts.

    Raises:
        ValueError: If the folder was begun with another job, or has other
            files in it.
        OSError: If it cannot be written to.
    """
    check_out_dir(out, ['parts'])
    ours = dict(job=plain(job), dim=dim, storage=storage, names=list(names),
                parts=parts)
    if not is_begun(out):
        return FeatureFolder.create(out, ours)
    folder = FeatureFolder(out)
    found = differences(_compared(folder.about), _compared(ours))
    if found and folder.is_empty():  # ended by a mistake, now mended
        return FeatureFolder.create(out, ours)
    if found:
        raise ValueError(
            f'{out} was begun with something else, of which differ: '
            f'{listed(found, 5, str)}. Give the same config, weights, words, '
            'images and options to go on with it, or name another folder')
    return folder


def _compared(about: Dict[str, Any]) -> Dict[str, Any]:
    """Names of many classes are not listed one by one; those of parts are one
    text, as another size of parts may give as many."""
    return dict(about['job'], format=about['storage'],
                parts=f'{len(about["parts"])}: {" ".join(about["parts"])}')
