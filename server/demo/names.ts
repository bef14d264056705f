// Names for synthetic people: commonest first in each list, because they are picked with a skew.

const words = (text: string): readonly string[] => text.trim().split(/\s+/)

export type NameList = { script: string; share: number; given: readonly string[]; family: readonly string[] }

const latin_given = words(`
  James Mary John Linda Robert Patricia Michael Jennifer William Elizabeth David Barbara Richard Susan Joseph Jessica
  Thomas Sarah Charles Karen Daniel Nancy Matthew Lisa Anthony Margaret Mark Sandra Steven Ashley Paul Emily Andrew Donna
  Joshua Michelle Kenneth Carol Kevin Amanda Brian Melissa George Deborah Edward Stephanie Ronald Rebecca Timothy Laura
  Jason Sharon Jeffrey Cynthia Ryan Kathleen Jacob Amy Gary Angela Nicholas Shirley Eric Anna Jonathan Brenda Stephen
  Pamela Larry Emma Justin Nicole Scott Helen Brandon Samantha Benjamin Katherine Samuel Christine Gregory Debra
  Alexander Rachel Frank Carolyn Patrick Janet Raymond Catherine Jack Maria Dennis Heather Jerry Diane Tyler Ruth Aaron
  Julie Jose Olivia Adam Joyce Nathan Virginia Henry Victoria Zachary Kelly Douglas Lauren Peter Christina Kyle Joan
  Noah Evelyn Ethan Judith Jeremy Megan Walter Andrea Christian Cheryl Keith Hannah Roger Jacqueline Terry Martha Austin
  Gloria Sean Teresa Gerald Ann Carl Sara Harold Madison Dylan Frances Arthur Kathryn Lawrence Janice Jordan Jean Jesse
  Abigail Bryan Alice Billy Julia Bruce Judy Gabriel Sophia Joe Grace Logan Denise Alan Amber Juan Doris Albert Marilyn
  Willie Danielle Elijah Beverly Wayne Isabella Randy Theresa Vincent Diana Mason Natalie Roy Brittany Ralph Charlotte
  Mohamed Fatima Ahmed Aisha Omar Layla Yusuf Noor Ibrahim Hana Hassan Mariam Wei Mei Hiroshi Yuki Raj Priya Arjun Ananya
  Olga Ivan Piotr Agnieszka Lars Ingrid Giulia Marco Pierre Chantal Sven Astrid Kofi Ama Chidi Ngozi Tendai Thandiwe`)

const latin_family = words(`
  Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson
  Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker Young
  Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts
  Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers Gutierrez
  Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood James
  Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez Powell Jenkins
  Perry Russell Sullivan Bell Coleman Butler Henderson Barnes Fisher Vasquez Simmons Romero Jordan Patterson Alexander
  Hamilton Graham Reynolds Griffin Wallace Moreno West Cole Hayes Bryant Herrera Gibson Ellis Tran Medina Aguilar Stevens
  Murray Ford Castro Marshall Owens Harrison Fernandez McDonald Woods Washington Kennedy Wells Vargas Henry Chen Freeman
  Webb Tucker Guzman Burns Crawford Olson Simpson Porter Hunter Gordon Mendez Silva Shaw Snyder Mason Dixon Munoz Hunt
  Hicks Holmes Palmer Wagner Black Robertson Boyd Rose Stone Salazar Fox Warren Mills Meyer Rice Schmidt Garza Daniels
  Ferguson Nichols Stephens Soto Weaver Ryan Gardner Payne Grant Dunn Kelley Spencer Hawkins Arnold Pierce Hansen Peters
  Santos Hart Bradley Knight Elliott Cunningham Duncan Armstrong Hudson Carroll Lane Riley Andrews Alvarado Ray Delgado
  Berry Perkins Hoffman Johnston Matthews Pena Richards Contreras Willis Carpenter Lawrence Sandoval Hassan Mahmoud Okafor
  Mensah Kowalski Novak Rossi Bianchi Dubois Laurent Lindqvist Haugen Tanaka Suzuki Sharma Gupta Singh Ali Khan Abdullah`)

// Joined, they make a long tail of rare family names, as a real register has one.
const tail_starts = words(`Ash Black Bram Brid Cald Chat Crom Dal Den East El Fair Fen Gar Glen Hal Hart Hol Ken Kirk
  Lang Led Lind Mar Mel Mil Nor Oak Pem Pres Quin Rad Red Rock San Sel Shel Stan Sut Thorn Ul Wal Wen West Whit Win Wood Yar`)
const tail_ends = words(`berg bourne brook burn bury by cliffe combe cott croft dale den field ford gate grave ham haven
  hurst land ley low man mere more ridge row ser shaw stead stein stow strom ter thorpe ton vale ville wald ward well wick worth`)
const tail_family = tail_starts.flatMap((start) => tail_ends.map((end) => start + end))

/** Shares add up to one; the tail and the other scripts are what keeps an index honest. */
export const name_lists: readonly NameList[] = [
  { script: 'Latin', share: 0.62, given: latin_given, family: latin_family },
  { script: 'Latin, rare family names', share: 0.2, given: latin_given, family: tail_family },
  {
    script: 'Latin with diacritics',
    share: 0.08,
    given: words(
      'José María Agustín Sofía Björn Zoë François Renée Łukasz Jiří Šárka Gülay Ömer Søren Åse Nuño Inês Đức',
    ),
    family:
      words(`Fonseca García Núñez Muñoz Pérez Gómez Peña Ibáñez Müller Schröder Groß Ångström Sørensen Dvořák Černý
      Kovačević Wałęsa Łukasiewicz Yılmaz Şahin Öztürk Nguyễn Trần Gonçalves Conceição Lefèvre Bérénger Súilleabháin`),
  },
  {
    script: 'Arabic',
    share: 0.05,
    given: words('محمد أحمد فاطمة مريم علي حسن عائشة يوسف عمر خديجة إبراهيم نور سارة مصطفى ليلى هدى كريم رانيا'),
    family: words('محمود حسن إبراهيم السيد عبدالله منصور الشريف حجازي النجار المصري سليمان عثمان شاهين فاروق درويش'),
  },
  {
    script: 'Cyrillic',
    share: 0.03,
    given: words('Александр Мария Иван Анна Дмитрий Елена Сергей Ольга Алексей Наталья Михаил Татьяна Оксана Тарас'),
    family: words('Иванов Смирнов Кузнецов Попов Соколов Лебедев Козлов Новиков Морозов Шевченко Коваленко Бондаренко'),
  },
  {
    script: 'Han',
    share: 0.02,
    given: words('伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀英 建国 晓明 志强'),
    family: words('王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 欧阳 司马'),
  },
]
