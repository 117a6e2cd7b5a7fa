"""torch.fx.passes.utils.matcher_utils: finds the places of a graph that do what a pattern does."""

import copy
from dataclasses import dataclass, field

import wengert as wg

from ...graph_module import _get_attr
from ...node import Node

_ENDS = ("placeholder", "output")


@dataclass
class InternalMatch:
    """A place: {node of the pattern: node of the graph}, and of the latter what goes in and comes out."""

    anchors: list
    nodes_map: dict = field(default_factory=dict)
    placeholder_nodes: list = field(default_factory=list)
    returning_nodes: list = field(default_factory=list)
    name_node_map: dict = field(default_factory=dict)

    def __copy__(self):
        return InternalMatch(
            self.anchors, self.nodes_map.copy(), self.placeholder_nodes.copy(), self.returning_nodes.copy()
        )


class SubgraphMatcher:
    """Finds a pattern's graph in others.

    ignore_literals: whether numbers may differ. ValueError for an empty pattern, AssertionError for one with nodes that
    nobody uses.
    """

    def __init__(
        self,
        pattern,
        match_output=False,
        match_placeholder=False,
        remove_overlapping_matches=True,
        ignore_literals=False,
    ):
        self.pattern, self.match_output, self.match_placeholder = pattern, match_output, match_placeholder
        self.remove_overlapping_matches, self.ignore_literals = remove_overlapping_matches, ignore_literals
        if len(pattern.nodes) == 0:
            raise ValueError("SubgraphMatcher cannot be initialized with an empty pattern")
        for node in pattern.nodes:
            if node.op != "output" and not node.is_impure() and not node.users:
                raise AssertionError("SubgraphMatcher cannot be initialized with an pattern with dead code")
        self.pattern_placeholder_nodes = [node for node in pattern.nodes if node.op == "placeholder"]
        output = next(iter(reversed(pattern.nodes)))
        self.pattern_returning_nodes = output.all_input_nodes
        self.pattern_anchors = [output] if match_output else [n for n in output.all_input_nodes if len(n.users) == 1]

    def _nodes_are_equal(self, pn, gn, node_name_match=""):
        if pn.op == "placeholder" and not self.match_placeholder or node_name_match and node_name_match in gn.name:
            return True
        if pn.op != gn.op:
            return False
        if pn.op == "get_attr":
            mine, theirs = (_get_attr(node.graph.owning_module, node.target) for node in (pn, gn))
            if type(mine) is type(theirs) and not isinstance(mine, wg.Tensor):
                raise RuntimeError(f"Unsupported type {mine} when matching attributes")
            return type(mine) is type(theirs)
        return pn.op in _ENDS or pn.target == gn.target

    def _is_contained(self, nodes_map):
        """Whether nobody outside uses the inner values of a place."""
        inside = {gn: pn for pn, gn in nodes_map.items() if pn.op != "placeholder"}
        return all(
            pn in self.pattern_returning_nodes or all(user in inside for user in gn.users) for gn, pn in inside.items()
        )

    def _match_literals(self, pn, gn, match):
        if isinstance(pn, Node):
            if pn.op != "placeholder":
                return False
            return match.nodes_map.setdefault(pn, gn) == gn
        return not isinstance(gn, Node) and type(gn) is type(pn) and gn == pn

    def _match_args(self, mine, theirs, match):
        if len(mine) != len(theirs):
            return False
        for a, b in zip(mine, theirs):
            if isinstance(a, Node) and isinstance(b, Node):
                matched = self._match_nodes(a, b, match)
            elif isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
                matched = self._match_args(a, b, match)
            else:
                matched = self._match_literals(a, b, match) or self.ignore_literals
            if not matched:
                return False
        return True

    def _match_nodes(self, pn, gn, match, node_name_match=""):
        if pn in match.nodes_map:
            return match.nodes_map[pn] == gn
        if gn in match.nodes_map.values() or not self._nodes_are_equal(pn, gn, node_name_match):
            return False
        match.nodes_map[pn] = gn
        if pn.op == "placeholder":
            return True
        if len(pn.args) != len(gn.args) or list(pn.kwargs) != list(gn.kwargs):
            return False
        return self._match_args((*pn.args, *pn.kwargs.values()), (*gn.args, *gn.kwargs.values()), match)

    def match(self, graph, node_name_match=""):
        """The places, as InternalMatch, in the order of their last nodes."""
        candidates = []
        for anchor in self.pattern_anchors:
            nodes = [node for node in graph.nodes if self._nodes_are_equal(anchor, node, node_name_match)]
            if nodes:
                candidates.append((anchor, nodes))
        found = []

        def extend(k, match):
            if k == len(candidates):
                match.placeholder_nodes = [match.nodes_map[pn] for pn in self.pattern_placeholder_nodes]
                match.returning_nodes = [match.nodes_map[pn] for pn in self.pattern_returning_nodes]
                found.append(match)
                return
            anchor, nodes = candidates[k]
            for node in nodes:
                tried = copy.copy(match)
                if self._match_nodes(anchor, node, tried, node_name_match):
                    extend(k + 1, tried)

        if candidates:
            extend(0, InternalMatch(anchors=self.pattern_anchors))
        found = [match for match in found if self._is_contained(match.nodes_map) and not _has_cycle(match)]
        return _apart(found) if self.remove_overlapping_matches else found


def _computed(match):
    return [gn for pn, gn in match.nodes_map.items() if pn.op not in _ENDS]


def _has_cycle(match):
    """Whether a place's results come back into it through nodes outside, so that it cannot be one step."""
    inside = set(_computed(match))
    waiting, seen = [user for node in inside for user in node.users if user not in inside], set()
    while waiting:
        node = waiting.pop()
        if node in inside:
            return True
        if node not in seen:
            seen.add(node)
            waiting.extend(node.users)
    return False


def _apart(matches):
    """The places that share no node with one before them."""
    kept, taken = [], set()
    for match in matches:
        nodes = _computed(match)
        if taken.isdisjoint(nodes):
            kept.append(match)
            taken.update(nodes)
    return kept
