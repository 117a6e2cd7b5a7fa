"""torch.fx.experimental: names that libraries import; shapes are never symbols here, and no program is traced by ops."""
