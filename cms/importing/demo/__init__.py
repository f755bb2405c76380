"""Demo content of an imaginary province, written for the project, and its reader."""

from cms.importing.demo.reading import Demo, DemoFile, DemoItem, DemoRelation, DemoTopic, DemoUnit, DemoUser, load_demo

__all__ = ["Demo", "DemoFile", "DemoItem", "DemoRelation", "DemoTopic", "DemoUnit", "DemoUser", "load_demo"]
