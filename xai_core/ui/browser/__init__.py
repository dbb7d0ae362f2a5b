"""Components that run in the visitor's browser: player, crosshair, segment picker."""
