"""All domains of a driver, found by UUID, name or number. State only, no I/O."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from uuid import UUID

from aiovirt.drivers.qemu.engine.domain import ManagedDomain
from aiovirt.errors import AiovirtError, AlreadyExists, ConfigError, NotFound
from aiovirt.model.domain import DomainKey

__all__ = ["Registry"]


class Registry:
    """The domains that are there now."""

    def __init__(self) -> None:
        self._domains: dict[bytes, ManagedDomain] = {}  # by UUID, as a wire has it
        self._aside: dict[str, tuple[Path, AiovirtError]] = {}
        self._last_id = 0

    def __iter__(self) -> Iterator[ManagedDomain]:
        """All domains, by name."""
        return iter(sorted(self._domains.values(), key=lambda domain: domain.name))

    def add(self, domain: ManagedDomain) -> None:
        """Take a domain in.

        Raises:
            AlreadyExists: Its name or UUID is taken.
        """
        self.check_free(domain.key)
        self._domains[domain.key.uuid_bytes] = domain

    def remove(self, domain: ManagedDomain) -> None:
        """Forget a domain. Doing it twice is no error."""
        self._domains.pop(domain.key.uuid_bytes, None)

    def leave_aside(self, path: Path, error: AiovirtError) -> None:
        """Note that the definition in a file, which bears its domain's name, cannot be used."""
        self._aside[path.stem] = (path, error)

    @property
    def has_left_aside(self) -> bool:
        """Whether there is a definition that cannot be used."""
        return bool(self._aside)

    def check_usable(self, name: str) -> None:
        """See that no definition of that name was left aside: nobody writes over it.

        Raises:
            ConfigError: One was; the text names its file.
        """
        if name in self._aside:
            path, error = self._aside[name]
            raise ConfigError(
                f"the definition of domain {name!r} in {path} cannot be used: {error}",
                field=getattr(error, "field", None),
                hint=error.hint or "mend or remove this file, and open the host again",
            ) from error

    def check_free(self, key: DomainKey) -> None:
        """See that neither name nor UUID belongs to a domain.

        Raises:
            AlreadyExists: One does.
        """
        same = self._domains.get(key.uuid_bytes) or self._by_name(key.name)
        if same is not None:
            raise AlreadyExists(
                f"domain {same.name!r} has UUID {same.key.uuid}; {key.name!r} with UUID {key.uuid} "
                "would be another domain of the same name or UUID"
            )

    def existing(self, key: DomainKey) -> ManagedDomain | None:
        """The domain of exactly this UUID and name, if it is there.

        Raises:
            AlreadyExists: One of the two belongs to another domain.
        """
        domain = self._domains.get(key.uuid_bytes)
        if domain is not None and domain.name == key.name:
            return domain
        self.check_free(key)
        return None

    def get(self, key: DomainKey) -> ManagedDomain:
        """The domain of a key.

        Raises:
            NotFound: It is gone.
        """
        domain = self._domains.get(key.uuid_bytes)
        if domain is None:
            raise NotFound(f"there is no domain {key.name!r} with UUID {key.uuid}")
        return domain

    def by_uuid(self, uuid: UUID) -> ManagedDomain:
        """The domain of that UUID.

        Raises:
            NotFound: There is none.
        """
        domain = self._domains.get(uuid.bytes)
        if domain is None:
            raise NotFound(f"there is no domain with UUID {uuid}")
        return domain

    def by_name(self, name: str) -> ManagedDomain:
        """The domain of that name.

        Raises:
            NotFound: There is none; near names are the hint.
            ConfigError: Its definition was left aside, and it does not run.
        """
        domain = self._by_name(name)
        if domain is None:
            self.check_usable(name)
            near = get_close_matches(name, [known.name for known in self], n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else None
            raise NotFound(f"there is no domain {name!r}", hint=hint)
        return domain

    def _by_name(self, name: str) -> ManagedDomain | None:
        return next((d for d in self._domains.values() if d.name == name), None)

    def by_id(self, number: int) -> ManagedDomain:
        """The running domain of that number.

        Raises:
            NotFound: There is none.
        """
        for domain in self._domains.values():
            if domain.live is not None and domain.live.id == number:
                return domain
        raise NotFound(f"there is no running domain with id {number}")

    def new_id(self) -> int:
        """A number for the next running instance."""
        self._last_id += 1
        return self._last_id

    def keep_id(self, number: int) -> None:
        """Take note of a number that an adopted instance has already."""
        self._last_id = max(self._last_id, number)
