"""Services: their addresses, ports and backends."""

from msgspec import Struct, field

from cpc.compiler.diagnostics import error, suggest
from cpc.compiler.policy.model import Address
from cpc.compiler.policy.names import Scope
from cpc.compiler.policy.resolve_addresses import Addresses
from cpc.compiler.policy.resolve_places import Block, origin_of
from cpc.compiler.policy.resolve_ports import CARRIERS, is_port_name
from cpc.compiler.policy.resolve_sides import Sides, subjects_of
from cpc.compiler.policy.resolve_values import Values
from cpc.compiler.policy.services import Backends, Service, ServicePort
from cpc.compiler.source import Span
from cpc.compiler.syntax import tree

__all__ = ["Services"]

_BALANCE = ("maglev", "random")
_MAX_WEIGHT = 65535
_MAX_AFFINITY = 7 * 24 * 3600


class Services(Struct):
    """Collects services; errors are CPC350 and those of their parts."""

    scope: Scope
    values: Values
    addresses: Addresses
    sides: Sides
    services: list[Service] = field(default_factory=list)

    def service(self, service: tree.Service, block: Block) -> None:
        """One service."""
        self.scope.unenforced.append(("service", service.name.span))
        before = len(self.scope.diagnostics)
        for missing, parts in (
            ("address: `vip 10.96.0.10`", service.vips),
            ("port: `port tcp/80 -> 8080`", service.ports),
            ("backends: `backends web`", service.backends),
        ):
            if not parts:
                word, _, example = missing.partition(": ")
                self._refuse(f"a service needs {word}", service.name.span, f"add {example}")
        vips = [self._vip(v) for v in service.vips]
        ports = [self._port(p) for p in service.ports]
        backends = [self._backends(b) for b in service.backends]
        self._once([v for v in vips if v], [v.span for v in service.vips], "this address")
        keys = [None if p is None else (p.protocol, p.port) for p in ports]
        self._once(keys, [p.span for p in service.ports], "this port")
        balance = "maglev" if service.balance is None else service.balance.text
        if service.balance is not None and balance not in _BALANCE:
            near = suggest(balance, _BALANCE)
            help = f"did you mean `{near}`?" if near else "write `maglev` or `random`"
            self._refuse(f"`{balance}` is no way to balance", service.balance.span, help)
        if service.affinity is not None and not 0 < service.affinity <= _MAX_AFFINITY:
            self._refuse(
                "an affinity lasts from 1s to 7 days", service.span, "write it as in `30m`"
            )
        if len(self.scope.diagnostics) == before:
            self.services.append(
                Service(
                    service.name.text,
                    tuple(v for v in vips if v is not None),
                    tuple(p for p in ports if p is not None),
                    tuple(b for b in backends if b is not None),
                    balance,
                    service.affinity,
                    origin_of(service.name, service.name.span, block, service.doc),
                )
            )

    def _vip(self, text: tree.Text) -> Address | None:
        return self.addresses.address(text, "a service's address")

    def _port(self, port: tree.ServicePort) -> ServicePort | None:
        part = port.port
        protocols = CARRIERS.get(part.protocol, ())
        item = part.items[0] if len(part.items) == 1 else None
        if len(protocols) != 1 or not isinstance(item, tuple) or item[0] != item[1]:
            self._refuse(
                "a service's port is one number of tcp, udp or sctp",
                part.span,
                "write it as in `port tcp/80 -> 8080`",
            )
            return None
        number = self._number(item[0])
        target = self._target(port.target)
        if number is None or target is None:
            return None
        return ServicePort(protocols[0], number, target)

    def _number(self, value: tree.Value) -> int | None:
        number = self.values.number(value, "a port")
        if number is not None and not 0 < number <= 65535:
            self._refuse("a port is a number from 1 to 65535", value.span, "correct it")
            return None
        return number

    def _target(self, target: tree.Value) -> int | str | None:
        constant = self.values.constant(target, "a target port")
        if constant is None:
            return None
        if constant.number is not None:
            return self._number(target)
        if constant.text is not None and is_port_name(constant.text):
            return constant.text
        self._refuse(
            "a target is a port number or a container port's name", target.span, "correct it"
        )
        return None

    def _backends(self, backends: tree.ServiceBackends) -> Backends | None:
        side = self.sides.side((backends.expr,), "")
        weight = 1 if backends.weight is None else backends.weight.value
        if not 0 < weight <= _MAX_WEIGHT:
            self._refuse(
                f"a weight is 1 to {_MAX_WEIGHT}",
                backends.span,
                "to send nothing, remove the backends",
            )
            return None
        if side is None:
            return None
        selector = subjects_of(side)
        if not selector:
            self._refuse("backends are endpoints", backends.expr.span, "write a label expression")
            return None
        return Backends(selector, weight)

    def _once(
        self, keys: "list[Address] | list[tuple[int, int] | None]", spans: list[Span], what: str
    ) -> None:
        seen: set[Address | tuple[int, int]] = set()
        for key, span in zip(keys, spans, strict=False):
            if key is not None and key in seen:
                self._refuse(f"{what} stands twice", span, "remove one of them")
            if key is not None:
                seen.add(key)

    def _refuse(self, message: str, span: Span, help: str) -> None:
        self.scope.diagnostics.append(error("CPC350", message, span, help=help))
