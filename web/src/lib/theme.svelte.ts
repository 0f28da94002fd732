// Light or dark: as the system, unless a person has chosen.
export type Theme = "system" | "light" | "dark";

class ThemeChoice {
  chosen = $state<Theme>("system");

  constructor() {
    const stored = localStorage.getItem("theme");
    if (stored === "light" || stored === "dark") this.choose(stored);
  }

  choose(theme: Theme): void {
    this.chosen = theme;
    if (theme === "system") {
      localStorage.removeItem("theme");
      delete document.documentElement.dataset.theme;
    } else {
      localStorage.setItem("theme", theme);
      document.documentElement.dataset.theme = theme;
    }
  }
}

export const theme = new ThemeChoice();
