"""An unpickler for files of anybody: it builds what it knows, and no more."""
import pickle
from typing import Any, Dict, Tuple

# Opcodes that call what no name was looked up for.
UNCHECKED = {code[0] for code in (pickle.INST, pickle.OBJ, pickle.EXT1,
                                  pickle.EXT2, pickle.EXT4)}


class Refused(pickle.UnpicklingError):
    """A file wants more than plain data."""


class RestrictedUnpickler(pickle._Unpickler):
    """Base of unpicklers that run no code of a file.

    It is the one that Python has in Python: the other one calls and fills
    whatever a file puts on the stack. Here only what :meth:`known` gives is
    called, and only objects of the types in ``fillable`` get a state.
    """

    #: Types whose objects may get a state.
    fillable: Tuple[type, ...] = ()

    dispatch = {code: function for code, function
                in pickle._Unpickler.dispatch.items()
                if code not in UNCHECKED}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._named: Dict[int, Any] = {}  # by identity

    def known(self, module: str, name: str) -> Any:
        """What stands for a name in a file.

        Raises:
            KeyError: If nothing does.
        """
        raise KeyError(name)

    def find_class(self, module: str, name: str) -> Any:
        """See :meth:`known`.

        Raises:
            Refused: If the name is not known.
        """
        try:
            found = self.known(module, name)
        except KeyError:
            raise Refused(f'it asks for {module}.{name}') from None
        self._named[id(found)] = found
        return found

    def load(self) -> Any:
        """What the file holds.

        Raises:
            pickle.UnpicklingError: If it asks for more than it may, or is
                damaged.
        """
        try:
            return super().load()
        except KeyError as error:  # an opcode, or a place in the memo
            raise pickle.UnpicklingError(f'it has an unknown {error}'
                                         ) from None

    def _check_call(self, depth: int) -> None:
        """Raise unless what lies so deep on the stack may be called."""
        function = self.stack[-depth]
        if id(function) not in self._named:
            raise Refused(f'it calls a {type(function)}')

    def _load_reduce(self) -> None:
        self._check_call(2)
        super().load_reduce()

    def _load_newobj(self) -> None:
        self._check_call(2)
        super().load_newobj()

    def _load_newobj_ex(self) -> None:
        self._check_call(3)
        super().load_newobj_ex()

    def fill(self, thing: Any, state: Any) -> None:
        """Asked before an object gets a state.

        Raises:
            Refused: If it must not.
        """
        if not isinstance(thing, self.fillable):
            raise Refused(f'it fills a {type(thing)}')

    def _load_build(self) -> None:
        self.fill(*self.stack[-2:])
        super().load_build()

    dispatch.update({pickle.REDUCE[0]: _load_reduce,
                     pickle.NEWOBJ[0]: _load_newobj,
                     pickle.NEWOBJ_EX[0]: _load_newobj_ex,
                     pickle.BUILD[0]: _load_build})
