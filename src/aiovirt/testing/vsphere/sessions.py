"""Who is logged in: sessions, what belongs to them, and when they end."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aiovirt.protocols.vsphere import Ref
from aiovirt.protocols.vsphere.tables.collector import ObjectContent
from aiovirt.protocols.vsphere.tables.events import Event
from aiovirt.protocols.vsphere.tables.session import UserSession
from aiovirt.testing.vsphere import faults
from aiovirt.testing.vsphere.collecting.collector import Collector
from aiovirt.testing.vsphere.history import History
from aiovirt.testing.vsphere.settings import Account, Settings
from aiovirt.testing.vsphere.world import World

__all__ = ["Client", "Session", "Sessions"]


@dataclass(frozen=True, slots=True)
class Client:
    """Where a session comes from.

    Attributes:
        address: Its IP address.
        agent: The program, as it calls itself.
        base: How it calls the server: scheme, name and port.
    """

    address: str = "127.0.0.1"
    agent: str = ""
    base: str = ""


@dataclass(eq=False, slots=True)
class Session:
    """One login.

    Attributes:
        key: Its identifier.
        cookie: The secret by which a client shows that it has it.
        user: Who logged in.
        account: What they may do.
        client: Where they come from.
        login_time: When it was.
        last_active: When it was last used, in seconds of the clock.
        at_work: Calls that are at work.
        calls: How many calls it made.
        ended: Whether it has ended.
        collectors: Its property collectors.
        histories: Its collectors of events.
        owned: The objects that are its own: views, filters, collectors.
        pages: What is still to be fetched of long answers, and how much at a time, by token.
    """

    key: str
    cookie: str
    user: str
    account: Account
    client: Client
    login_time: datetime
    last_active: float
    at_work: int = 0
    calls: int = 0
    ended: bool = False
    collectors: dict[Ref, Collector] = field(default_factory=dict)
    histories: dict[Ref, History[Event]] = field(default_factory=dict)
    owned: set[Ref] = field(default_factory=set)
    pages: dict[str, tuple[deque[ObjectContent], int]] = field(default_factory=dict)


class Sessions:
    """All sessions of a server.

    Args:
        world: The objects.
        settings: Who may log in, and how long a session may idle.
    """

    def __init__(self, world: World, settings: Settings) -> None:
        self.open: dict[str, Session] = {}
        self._world = world
        self._settings = settings
        self._tickets: dict[str, str] = {}

    def login(self, user: str, password: str, client: Client) -> Session:
        """Begin a session.

        Raises:
            VimFault: InvalidLogin.
        """
        account = self._settings.accounts.get(user)
        if account is None or account.password != password:
            raise faults.invalid_login()
        return self._begin(user, account, client)

    def ticket(self, session: Session) -> str:
        """A secret, good for one further session of the same user."""
        ticket = f"cst-VCT-{self._world.uuid()}"
        self._tickets[ticket] = session.user
        return ticket

    def clone(self, ticket: str, client: Client) -> Session:
        """Begin a session by a ticket.

        Raises:
            VimFault: InvalidLogin: the ticket is unknown, or used.
        """
        user = self._tickets.pop(ticket, None)
        if user is None:
            raise faults.invalid_login()
        return self._begin(user, self._settings.accounts[user], client)

    def _begin(self, user: str, account: Account, client: Client) -> Session:
        clock = self._world.clock
        session = Session(
            key=self._world.uuid(),
            cookie=self._world.uuid().replace("-", ""),
            user=user,
            account=account,
            client=client,
            login_time=clock.now(),
            last_active=clock.seconds(),
        )
        self.open[session.cookie] = session
        self.collector(session, self._world.the("PropertyCollector"))
        return session

    def of(self, cookie: str | None) -> Session | None:
        """The session of a cookie, or None when it has ended."""
        session = self.open.get(cookie or "")
        if session is None:
            return None
        idle = self._world.clock.seconds() - session.last_active
        if idle >= self._settings.idle_s and not session.at_work:
            self.end(session)
            return None
        return session

    def collector(self, session: Session, ref: Ref) -> Collector:
        """Give a session a property collector."""
        made = Collector(ref, self._world.clock, self._settings.page_size)
        session.collectors[ref] = made
        self._world.watch((session.key, ref), made.touch)
        return made

    def drop_collector(self, session: Session, ref: Ref) -> None:
        """End a property collector and its filters; who waits for it is told."""
        collector = session.collectors.pop(ref)
        self._world.unwatch((session.key, ref))
        self._give_up(session, [*collector.filters, ref])
        collector.close(faults.not_found(ref))

    def end(self, session: Session) -> None:
        """End a session, and all that belongs to it."""
        if self.open.pop(session.cookie, None) is None:
            return
        session.ended = True
        for ref, collector in session.collectors.items():
            self._world.unwatch((session.key, ref))
            collector.close(faults.not_authenticated(ref))
        self._give_up(session, list(session.owned))
        session.collectors.clear()
        session.histories.clear()
        session.pages.clear()

    def _give_up(self, session: Session, refs: list[Ref]) -> None:
        for ref in refs:
            if ref in session.owned:
                session.owned.remove(ref)
                self._world.remove(ref)

    def end_all(self) -> None:
        """End all sessions, as a restart does."""
        for session in list(self.open.values()):
            self.end(session)
        self._tickets.clear()

    # --- what is told of them -------------------------------------------------------------------

    def told(self, session: Session) -> UserSession:
        """A session as the API tells it."""
        return UserSession(
            key=session.key,
            user_name=session.user,
            full_name=session.user.partition("@")[0],
            login_time=session.login_time,
            last_active_time=self._world.clock.at(session.last_active),
            locale="en",
            message_locale="en",
            extension_session=False,
            ip_address=session.client.address,
            user_agent=session.client.agent,
            call_count=session.calls,
        )

    def overlay(self, session: Session | None) -> Mapping[Ref, Mapping[str, object]]:
        """What a session sees otherwise than the others do."""
        if session is None:
            return {}
        listed = tuple(self.told(each) for each in self.open.values())
        mine: dict[Ref, Mapping[str, object]] = {
            self._world.the("SessionManager"): {
                "currentSession": self.told(session),
                "sessionList": listed,
            }
        }
        for ref, collector in session.collectors.items():
            mine[ref] = {"filter": tuple(collector.filters)}
        return mine
