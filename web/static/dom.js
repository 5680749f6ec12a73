// Small steps into the document, checked once so that the rest may rely on them.

/**
 * Returns the element with this id.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} kind the class it must have
 * @returns {T}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page lacks its ${kind.name} #${id}`);
  return found;
}

/**
 * Makes an element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} [className]
 * @param {string} [text]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, className = '', text = '') {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

/**
 * Makes a button that does one thing.
 * @param {string} label
 * @param {() => void} press
 * @returns {HTMLButtonElement}
 */
export function button(label, press) {
  const made = make('button', '', label);
  made.type = 'button';
  made.addEventListener('click', press);
  return made;
}
