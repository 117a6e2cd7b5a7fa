"""torch.fx.subgraph_rewriter: every place of a graph that does what a pattern does, replaced."""

import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

import wengert as wg

from ._symbolic_trace import symbolic_trace
from .graph import Graph
from .graph_module import GraphModule
from .node import Node
from .passes.utils.matcher_utils import SubgraphMatcher

__all__ = ["Match", "ReplacedPatterns", "replace_pattern", "replace_pattern_with_filters"]


class Match(NamedTuple):
    """A place where a pattern was found: its last node, and {node of the pattern: node of the graph}."""

    anchor: Any
    nodes_map: dict


@dataclass
class ReplacedPatterns:
    """A place where a pattern was replaced: a Match, and the nodes that were put in."""

    anchor: Any
    nodes_map: dict
    replacements: list


def replace_pattern(gm, pattern, replacement):
    """Replace, in a GraphModule, each place that computes what pattern does by what replacement does; gives the matches.

    pattern, replacement: functions or GraphModules of as many arguments. Places that overlap: the first is replaced.

    >>> import wengert as torch, wengert.fx
    >>> module = torch.fx.symbolic_trace(lambda x: torch.cos(x) + 1)
    >>> _ = torch.fx.replace_pattern(module, lambda a: torch.cos(a), lambda a: torch.sin(a))
    >>> module(torch.zeros(1))
    tensor([1.])
    """
    found = replace_pattern_with_filters(gm, pattern, replacement)
    return [Match(anchor=one.anchor, nodes_map=one.nodes_map) for one in found]


def _graph_of(given):
    if isinstance(given, GraphModule):
        return given.graph
    return given if isinstance(given, Graph) else symbolic_trace(given).graph


def replace_pattern_with_filters(
    gm,
    pattern,
    replacement=None,
    match_filters=None,
    ignore_literals=False,
    replacement_callback=None,
    node_name_match="",
):
    """replace_pattern where all filters say so: each is asked with (match, graph, pattern's graph).

    ignore_literals: whether numbers may differ; replacement_callback: gives the graph to put in, with a filter's
    arguments; node_name_match: a part of names that match whatever the op.
    """
    graph, pattern_graph = gm.graph, _graph_of(pattern)
    matcher = SubgraphMatcher(pattern_graph, ignore_literals=ignore_literals)
    matches = [
        match
        for match in matcher.match(graph, node_name_match=node_name_match)
        if all(wanted(match, graph, pattern_graph) for wanted in match_filters or ())
    ]
    if replacement is None and replacement_callback is None:
        raise AssertionError("Must provide either a replacement GraphModule or a replacement callback")
    common = None if replacement is None else _graph_of(replacement)
    changed, replaced = {}, []  # changed: nodes that are gone to what stands for them
    for match in matches:
        made = replacement_callback(match, graph, pattern_graph) if replacement_callback else common
        nodes = _replace(graph, match, made, changed)
        for node in reversed(pattern_graph.nodes):
            if node.op not in ("placeholder", "output"):
                graph.erase_node(match.nodes_map[node])
        replaced.append(ReplacedPatterns(match.anchors[0], match.nodes_map, nodes))
    gm.recompile()
    if isinstance(replacement, wg.nn.Module):
        _bring_members(gm, replacement)
    return replaced


def _replace(graph, match, replacement, changed):
    """Copy the replacement's nodes in, and have the users of the match use them; gives the new nodes."""
    placeholders = [node for node in replacement.nodes if node.op == "placeholder"]
    if len(match.placeholder_nodes) != len(placeholders):
        raise AssertionError(f"Placeholder count mismatch: {len(match.placeholder_nodes)} vs {len(placeholders)}")
    for key, node in match.nodes_map.items():
        match.nodes_map[key] = changed.get(node, node) if isinstance(node, Node) else node
    match.placeholder_nodes = [changed.get(n, n) if isinstance(n, Node) else n for n in match.placeholder_nodes]
    values = dict(zip(placeholders, match.placeholder_nodes))
    users = {user for node in match.returning_nodes for user in node.users}
    place = next((node for node in graph.nodes if node in users), None)
    if place is None:  # nobody uses it: right after its last node
        place = max(match.returning_nodes).next
    with graph.inserting_before(place):
        copied = graph.graph_copy(replacement, values)
    copied = (copied,) if isinstance(copied, Node) else copied
    if len(match.returning_nodes) != len(copied):
        raise AssertionError(f"Returning nodes count mismatch: {len(match.returning_nodes)} vs {len(copied)}")
    for old, new in zip(match.returning_nodes, copied):
        old.replace_all_uses_with(new)
        changed[old] = new
    return [node for node in values.values() if node not in match.placeholder_nodes]


def _member(module, target):
    path, _, name = target.rpartition(".")
    try:
        return getattr(module.get_submodule(path), name, None)
    except AttributeError:
        return None


def _bring_members(gm, replacement):
    """Give a GraphModule the members of the replacement that its graph now names."""
    gm.delete_all_unused_submodules()
    if isinstance(replacement, GraphModule):
        replacement.graph.lint()
    for node in gm.graph.nodes:
        if node.op not in ("call_module", "get_attr") or _member(gm, node.target) is not None:
            continue
        value = copy.deepcopy(_member(replacement, node.target))
        if value is None:
            raise RuntimeError(
                'Attempted to create a "',
                node.op,
                '" node during subgraph rewriting '
                f"with target {node.target}, but the referenced attribute does not exist in the replacement GraphModule",
            )
        if isinstance(value, wg.nn.Module):
            gm.add_submodule(node.target, value)
        else:
            setattr(gm, node.target, value)
    gm.graph.lint()
