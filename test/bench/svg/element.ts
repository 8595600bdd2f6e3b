export type Attributes = Readonly<Record<string, string | number>>;

/** An element of SVG. Its children are elements already; a text goes through {@link textAt}. */
export function element(name: string, attributes: Attributes, ...children: string[]): string {
  const words = Object.entries(attributes).map(([key, value]) => ` ${key}="${valueText(value)}"`);
  return `<${name}${words.join("")}>${children.join("")}</${name}>`;
}

export function textAt(x: number, y: number, content: string, attributes: Attributes = {}): string {
  return element("text", { x, y, ...attributes }, escaped(content));
}

/** A whole drawing, readable on any ground; its title is what is read out. */
export function drawing(
  width: number,
  height: number,
  title: string,
  ...children: string[]
): string {
  const ground = element("rect", { width, height, fill: "#ffffff" });
  const root = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    "font-family": "system-ui, sans-serif",
    "font-size": 12,
    fill: "#24292f",
  };
  const spoken = element("title", {}, escaped(title));
  return `${element("svg", root, spoken, ground, ...children.map((child) => `\n${child}`), "\n")}\n`;
}

function valueText(value: string | number): string {
  return typeof value === "number" ? `${Math.round(value * 10) / 10}` : escaped(value);
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
