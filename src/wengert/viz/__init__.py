"""The autograd graph as a picture, a page or text, without graphviz, and the chain rule in words."""

from wengert.viz._explain import Explanation, explain
from wengert.viz._graph import Graph, Node, graph

__all__ = ["Explanation", "Graph", "Node", "explain", "graph"]
