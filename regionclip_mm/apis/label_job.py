"""What region labels depend on, as a record that runs are compared by."""
import json
from typing import Any, Dict, List

from mmengine.config import Config

from ..models.pretrainers import RegionTextPretrainer
from ..text.checks import content_hash
from .weight_hashes import hash_of_weights

#: Parts of ``cfg.model`` that have a say in the labels.
PARTS = ('data_preprocessor', 'proposal_source', 'teacher', 'teacher_dtype')
#: Of files, whose contents are in the record as hashes.
FILES = ('init_cfg', 'vocabulary', 'test_vocabulary')


def job_of(cfg: Config, pretrainer: RegionTextPretrainer) -> Dict[str, Any]:
    """The record, of plain data.

    Args:
        cfg: Of region-text pretraining, with ``label_pipeline``.
        pretrainer: Built of it, with its weights.
    """
    teacher, pool = pretrainer.teacher, pretrainer.teacher.vocabulary
    dataset = {key: value for key, value in
               cfg.train_dataloader.dataset.items() if key != 'pipeline'}
    return dict(
        model={key: without_files(plain(cfg.model[key]))
               for key in PARTS if cfg.model.get(key) is not None},
        teacher=dict(weights_sha256=hash_of_weights(teacher),
                     temperature=teacher.classifiers[0].temperature),
        proposals=dict(
            weights_sha256=hash_of_weights(pretrainer.proposal_source)),
        pool_sha256=content_hash(pool.names, pool.embeddings),
        train_dataloader=dict(dataset=plain(dataset)),
        label_pipeline=plain(cfg.label_pipeline))


def differences(theirs: Dict[str, Any], ours: Dict[str, Any]) -> List[str]:
    """Keys whose values differ, such as 'model.teacher_dtype (None there,
    'float16' here)'."""
    there, here = _flat(plain(theirs)), _flat(plain(ours))
    return [f'{key} ({_shown(there, key)} there, {_shown(here, key)} here)'
            for key in {**there, **here}
            if key not in there or key not in here or there[key] != here[key]]


def _shown(values: Dict[str, Any], key: str) -> str:
    text = repr(values[key]) if key in values else 'nothing'
    return text if len(text) <= 40 else f'{text[:37]}...'


def plain(value: Any) -> Any:
    """Data as it is read from json."""
    return json.loads(json.dumps(value, default=repr))


def without_files(value: Any) -> Any:
    """Part of a config without what names :data:`FILES`."""
    if isinstance(value, list):
        return [without_files(item) for item in value]
    if isinstance(value, dict):
        return {key: without_files(item) for key, item in value.items()
                if key not in FILES}
    return value


def _flat(value: Any, name: str = '') -> Dict[str, Any]:
    """Values by their places, as in ``--cfg-options``."""
    items = (value.items() if isinstance(value, dict) else
             enumerate(value) if isinstance(value, list) else ())
    found = {}
    for key, item in items:
        found.update(_flat(item, f'{name}.{key}' if name else str(key)))
    return found or ({name: value} if name else {})
