"""What surrounds every page: navigation, address, work queue, faults, preloading."""
