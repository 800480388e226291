"""Names of shipped models, as in the metafiles that ``mim`` reads."""
import difflib
import re
from os import PathLike, fspath
from os.path import isfile
from pathlib import Path
from typing import Dict, List, Optional, Tuple, Union

from mmengine.infer import BaseInferencer

from ..io.wording import listed

PACKAGE = Path(__file__).parents[1]
INDEX = 'model-index.yml'
RELEASED = ('https://drive.google.com/drive/folders/'
            '1hzrJBvcCrahoRcqJRqzkIGFO_HUSJIii')


def mim_folder() -> Optional[Path]:
    """Where configs, tools and the model index are: in the package if it was
    installed, beside it in a clone; None if they did not come along."""
    folders = (PACKAGE / '.mim', PACKAGE.parent)
    return next((f for f in folders if (f / INDEX).is_file()), None)


def shipped_models() -> Dict[str, dict]:
    """Name -> its entry in a metafile, with ``Config`` as a whole path."""
    folder = mim_folder()
    if folder is None:
        return {}
    models = BaseInferencer._get_models_from_metafile(str(folder))
    return {model['Name']: dict(model, Config=str(folder / model['Config']))
            for model in models}


def list_models(scope: Optional[str] = None, patterns: str = '.*'
                ) -> List[str]:
    """Names of the shipped models.

    Args:
        scope: As in mmengine's inferencers; there are those of this package
            alone.
        patterns: Regular expression that names begin with.
    """
    return [name for name in shipped_models() if re.match(patterns, name)]


def config_of(model: Union[str, PathLike], weights: Optional[str] = None
              ) -> Tuple[str, Optional[str]]:
    """Config file and weights of what names a model.

    Args:
        model: A config file, or a name of :func:`list_models` or of ``mim
            search regionclip_mm --valid-config``, in any case.
        weights: Those to take instead of those of the metafile.

    Raises:
        FileNotFoundError: If it should be a file.
        ValueError: With the nearest names; or, for a model that has no
            weights to download, with what to do.
    """
    model = fspath(model)
    if isfile(model):
        return model, weights
    if model.endswith('.py'):
        raise FileNotFoundError(f'there is no config file {model}')
    return _model_of_zoo(model, weights)


def _model_of_zoo(name: str, weights: Optional[str]) -> Tuple[str, str]:
    """Config file and weights of a shipped model."""
    models = {key.lower(): model for key, model in shipped_models().items()}
    if name.lower() not in models:
        near = difflib.get_close_matches(name.lower(), models, 3, 0.5)
        raise ValueError(
            f'{name} is neither a config file nor the name of a model' +
            (f' (nearest: {listed(near)})' if near else '') + ': give the '
            'path of a config, or a name of `mim search regionclip_mm '
            '--valid-config`')
    model = models[name.lower()]
    weights = weights or model.get('Weights')
    if isinstance(weights, list):  # as mmengine takes them
        weights = weights[0]
    if not weights:
        files = model.get('Metadata', {}).get('Released Weights')
        raise ValueError(
            f'the model {name} comes without weights: ' +
            (f'download {" and ".join(files)} by hand from {RELEASED}, '
             'convert with tools/model_converters/regionclip.py, and give the '
             'result' if files else 'train it, and give its checkpoint') +
            ' as weights=FILE')
    return model['Config'], weights
