"""What surrounds every page: navigation, address, queue, faults, preloading."""
