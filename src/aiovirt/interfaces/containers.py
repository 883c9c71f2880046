"""What only containers have: namespaces that one may enter."""

from __future__ import annotations

from aiovirt.interfaces.ability import Ability, operation
from aiovirt.model.domain import DomainKey

__all__ = ["Containers"]


class Containers(Ability):
    """Going into a container; on the host that it runs on."""

    @operation
    async def open_namespaces(self, domain: DomainKey) -> tuple[int, ...]:
        """Descriptors of a running container's namespaces, which are the caller's to close.

        Raises:
            InvalidState: It does not run.
            Unsupported: Descriptors cannot travel along this connection.
        """
        raise NotImplementedError
