"""Structure: layers that are not registered, do not fit, start out equal, or do nothing."""
