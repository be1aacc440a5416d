// Writes XML from values, so that nothing in a name or a path can become markup.

/** @typedef {{ readonly xml: string }} Element */

const entities = /** @type {Record<string, string>} */ ({
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\n': '&#10;',
  '\t': '&#9;',
});

const escape = (/** @type {string} */ text) => text.replace(/[&<>"'\n\t]/g, (found) => entities[found] ?? found);

/**
 * One element. Text is escaped, elements are taken as they are, undefined attributes and children are left out.
 * @param {string} name
 * @param {Readonly<Record<string, string | number | undefined>>} [attributes]
 * @param {...(Element | string | number | undefined)} children
 * @returns {Element}
 */
export function element(name, attributes = {}, ...children) {
  const open = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escape(String(value))}"`)
    .join('');
  const inside = children
    .filter((child) => child !== undefined)
    .map((child) => (typeof child === 'object' ? child.xml : escape(String(child))))
    .join('');
  return { xml: inside === '' ? `<${name}${open}/>` : `<${name}${open}>${inside}</${name}>` };
}
