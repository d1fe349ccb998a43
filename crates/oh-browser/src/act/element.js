({
  /** Says what lies over the middle of the element, or null. */
  cover() {
    const box = this.getBoundingClientRect();
    const root = this.getRootNode();
    const top = root.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    if (!top || top === this || this.contains(top) || top.contains(this)) return null;
    const label = top.closest("label");
    if (label && label.control === this) return null;
    if (this.labels && [...this.labels].some((own) => own.contains(top))) return null;
    for (let host = root.host; host; host = host.getRootNode().host) {
      if (top === host || top.contains(host)) return null;
    }
    const text = (top.innerText || "").trim().replace(/\s+/g, " ").slice(0, 60);
    return top.tagName.toLowerCase() + (top.id ? "#" + top.id : "") + (text ? ` '${text}'` : "");
  },
  /** Says what kind of thing a click on the element has to do with. */
  kind() {
    if (this instanceof HTMLOptionElement) return "option";
    if (this instanceof HTMLSelectElement) return "select";
    return "other";
  },
  /** Gets ready for text. Answers with what is left to do, or why it cannot be. */
  prepare(value) {
    let field = this;
    if (field instanceof HTMLLabelElement && field.control) field = field.control;
    if (field.shadowRoot && field.shadowRoot.activeElement) field = field.shadowRoot.activeElement;
    const isText = field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement;
    if (!isText && !field.isContentEditable) {
      return { problem: `nothing can be written into <${field.tagName.toLowerCase()}>` };
    }
    if (field.disabled) return { problem: "the field is disabled" };
    if (field.readOnly) return { problem: "the field is read-only" };
    const plain = ["text", "search", "url", "tel", "email", "password", "number", "textarea"];
    field.scrollIntoView({ block: "center", inline: "nearest" });
    field.focus();
    if (!isText) {
      const range = document.createRange();
      range.selectNodeContents(field);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      return { isWritten: false };
    }
    if (plain.includes(field.type)) {
      field.select();
      return { isWritten: false, isEmpty: field.value === "" };
    }
    if (["checkbox", "radio", "file", "button", "submit", "image", "reset"].includes(field.type)) {
      return { problem: `an <input type=${field.type}> takes no text` };
    }
    // Dates, colors and ranges take a whole value.
    const prototype = HTMLInputElement.prototype;
    Object.getOwnPropertyDescriptor(prototype, "value").set.call(field, value);
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
    if (field.value !== value) return { problem: `the field took '${field.value}' instead` };
    return { isWritten: true };
  },
  /** Chooses options by their values or texts. */
  choose(wanted) {
    let list = this;
    if (list instanceof HTMLLabelElement && list.control) list = list.control;
    if (list instanceof HTMLOptionElement) list = list.closest("select");
    if (!(list instanceof HTMLSelectElement)) return { problem: "it is not a list to choose from" };
    if (list.disabled) return { problem: "the list is disabled" };
    const options = [...list.options];
    const text = (option) => option.label.trim().replace(/\s+/g, " ");
    const find = (name) =>
      options.find((option) => option.value === name) ??
      options.find((option) => text(option) === name.trim()) ??
      options.find((option) => text(option).toLowerCase() === name.trim().toLowerCase());
    const names = () => options.slice(0, 50).map((option) => `'${text(option)}'`).join(", ");
    const missing = wanted.find((name) => !find(name));
    if (missing !== undefined) return { problem: `there is no option '${missing}'; there are ${names()}` };
    if (wanted.length > 1 && !list.multiple) return { problem: "only one option can be chosen" };
    const chosen = new Set(wanted.map(find));
    const blocked = [...chosen].find((option) => option.disabled);
    if (blocked) return { problem: `the option '${text(blocked)}' is disabled` };
    for (const option of options) option.selected = chosen.has(option);
    list.focus();
    list.dispatchEvent(new Event("input", { bubbles: true }));
    list.dispatchEvent(new Event("change", { bubbles: true }));
    return {};
  },
  /** Chooses this option. */
  choose_this() {
    const list = this.closest("select");
    if (!list) return { problem: "the option is in no list" };
    if (list.disabled || this.disabled) return { problem: "the option is disabled" };
    if (list.multiple) this.selected = !this.selected;
    else list.value = this.value;
    list.dispatchEvent(new Event("input", { bubbles: true }));
    list.dispatchEvent(new Event("change", { bubbles: true }));
    return {};
  },
  /** Returns the field for files that belongs to the element. */
  file_field() {
    const isField = (element) => element instanceof HTMLInputElement && element.type === "file";
    if (isField(this)) return this;
    if (this.control && isField(this.control)) return this.control;
    for (let around = this; around; around = around.parentElement) {
      const field = around.querySelector("input[type=file]");
      if (field) return field;
      if (around instanceof HTMLFormElement || around === document.body) break;
    }
    return null;
  },
  /** Says which of the chosen files cannot be read. */
  async unreadable() {
    for (const file of this.files) {
      try {
        await file.slice(0, 1).arrayBuffer();
      } catch {
        return file.name;
      }
    }
    return null;
  },
  /** Says whether the browser drags the element by itself. */
  is_draggable() {
    return this.closest("[draggable=true], a[href], img") !== null;
  },
})
