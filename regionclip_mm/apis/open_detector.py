"""An inferencer from what a command line says."""
from typing import NamedTuple, Optional, Tuple, Union

from mmengine.config import Config, DictAction

from .model_zoo import config_of
from .region_inferencer import RegionInferencer


class DetectorFiles(NamedTuple):
    """What a detector is made of; can be sent to other processes.

    Attributes:
        config: Config file, or name of a shipped one.
        weights: Checkpoint.
        device: For example 'cuda:0'; None for the best there is.
        cfg_options: Changes of the config, each KEY=VALUE.
    """
    config: str
    weights: str
    device: Optional[str] = None
    cfg_options: Tuple[str, ...] = ()


def open_detector(files: DetectorFiles, **options) -> RegionInferencer:
    """Read the config, change it, and load the weights into its model.

    Args:
        files: Of the detector.
        options: Of :class:`RegionInferencer`.
    """
    config: Union[str, Config] = files.config
    if files.cfg_options:
        config = Config.fromfile(config_of(files.config, files.weights)[0])
        pairs = (option.split('=', 1) for option in files.cfg_options)
        config.merge_from_dict({key: DictAction._parse_iterable(value)
                                for key, value in pairs})
    return RegionInferencer(config, files.weights, device=files.device,
                            **options)
