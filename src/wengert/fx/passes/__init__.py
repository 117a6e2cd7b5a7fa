"""torch.fx.passes: programs over graphs."""
