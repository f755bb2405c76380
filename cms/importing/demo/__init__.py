"""Demo content of an imaginary province, written for the project, and its reader."""

from cms.importing.demo.reading import Demo, DemoItem, DemoRelation, DemoTopic, DemoUnit, DemoUser, load_demo

__all__ = ["Demo", "DemoItem", "DemoRelation", "DemoTopic", "DemoUnit", "DemoUser", "load_demo"]
